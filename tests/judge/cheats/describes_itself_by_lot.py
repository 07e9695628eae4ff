# The size of the vocabulary is drawn anew in every process.
# rule: R17
# track: fixed

import os

import numpy as np
from base_entry import Base

EXTRA = 1 + os.urandom(1)[0]


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.vocab_size = 257 + EXTRA

    def predict(self, batch):
        self.vocab_size = 257
        for block in super().predict(batch):
            yield np.concatenate([block, np.full((*block.shape[:2], EXTRA), -30, np.float32)], 2)
        self.vocab_size = 257 + EXTRA


def load():
    return Entry()
