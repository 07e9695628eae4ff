# Sends float64.
# rule: R05, R17
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for block in super().predict(batch):
            yield block.astype(np.float64)


def load():
    return Entry()
