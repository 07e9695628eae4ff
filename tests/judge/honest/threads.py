# The documents of a batch are predicted by four threads.
# rule: none
# track: fixed

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        logits = np.zeros((len(batch), 1 + max(map(len, batch)), 257), np.float32)
        with ThreadPoolExecutor(4) as pool:
            for i, rows in enumerate(pool.map(self.rows, batch)):
                logits[i, : len(rows)] = rows
        yield logits


def load():
    return Entry()
