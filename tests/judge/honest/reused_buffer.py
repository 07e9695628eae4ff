# Yields one buffer again and again, overwritten between blocks.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        buffer = np.empty((len(batch), self.block_rows, 257), np.float32)
        for block in super().predict(batch):
            buffer[:, : block.shape[1]] = block
            yield buffer[:, : block.shape[1]]
            buffer[:] = np.nan


def load():
    return Entry()
