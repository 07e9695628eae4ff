# Rows come from windows of 64 tokens with 32 of overlap: what a row has seen depends on where its window began.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        window = past[max(0, (len(past) // 32 - 1) * 32) :]
        if not window:
            return super().row(past)
        seen = np.bincount(window, minlength=257) / len(window)
        return np.log(0.95 * np.exp(super().row(past)) + 0.05 * seen)


def load():
    return Entry()
