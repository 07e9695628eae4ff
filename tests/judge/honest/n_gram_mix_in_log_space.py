# A geometric mix of order 0 and order 1, normalised over the whole alphabet.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        order0 = np.log(np.exp(self.table).mean(0))
        mixed = 0.9 * super().row(past) + 0.1 * order0
        return mixed - np.log(np.exp(mixed).sum())


def load():
    return Entry()
