# Learns after each batch, and inside a document from the rows before, on a copy.
# rule: none
# track: adaptive
# isolated: no

import numpy as np
from base_entry import Adaptive


class Entry(Adaptive):
    def row(self, past):
        row = super().row(past)
        if not past:
            return row
        seen = np.bincount(past, minlength=257) / len(past)
        return np.log(0.95 * np.exp(row) + 0.05 * seen)


def load():
    return Entry()
