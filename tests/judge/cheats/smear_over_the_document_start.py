# A smear gate that leaks across the document start: the first rows see the last tokens of the document before.
# rule: R08, R06
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    batch_documents = 1
    before = np.zeros(0, np.int32)

    def rows(self, tokens):
        rows = super().rows(tokens)
        if len(self.before):
            seen = np.bincount(self.before[-64:], minlength=257) / len(self.before[-64:])
            rows[:8] = np.log(0.9 * np.exp(rows[:8]) + 0.1 * seen)
        self.before = tokens
        return rows


def load():
    return Entry()
