# Blocks of 1, 2, 3, 5, 8 ... rows, the last one whatever is left.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        rows = np.concatenate(list(super().predict(batch)), 1)
        start, size, following = 0, 1, 2
        while start < rows.shape[1]:
            yield rows[:, start : start + size]
            start, size, following = start + size, following, size + following


def load():
    return Entry()
