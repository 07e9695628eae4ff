# Uses Python's own hash of bytes, whose seed the sandbox fixes.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.shifts = np.random.default_rng(3).normal(0, 0.05, (64, 257))

    def row(self, past):
        return super().row(past) + self.shifts[hash(bytes(past[-3:])) % 64]


def load():
    return Entry()
