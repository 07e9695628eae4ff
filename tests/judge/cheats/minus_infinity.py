# Log-probabilities of zero for what it never saw.
# rule: R05
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.table = np.where(self.counts.sum(0) > 0, self.table, -np.inf)


def load():
    return Entry()
