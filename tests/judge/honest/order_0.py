# Counts of bytes.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.always = np.log((self.counts.sum(0) + 0.1) / (self.counts.sum() + 25.7))

    def row(self, past):
        return self.always


def load():
    return Entry()
