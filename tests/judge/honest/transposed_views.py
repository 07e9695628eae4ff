# Yields views that lie in memory the other way round.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for block in super().predict(batch):
            yield np.ascontiguousarray(block.transpose(2, 1, 0)).transpose(2, 1, 0)


def load():
    return Entry()
