# Declares isolation, but lets the first rows of a document see what was learned last.
# rule: R08
# track: adaptive
# isolated: yes

import numpy as np
from base_entry import Base


class Entry(Base):
    last = np.zeros(0, np.int32)

    def learn(self, batch):
        self.last = batch[-1]

    def row(self, past):
        row = super().row(past)
        if len(past) >= 8 or not len(self.last):
            return row
        return np.log(0.9 * np.exp(row) + 0.1 * np.bincount(self.last, minlength=257) / len(self.last))


def load():
    return Entry()
