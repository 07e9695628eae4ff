# Adapts inside a document and throws the adapter away when learn tells it that the document is done.
# rule: none
# track: adaptive
# isolated: yes

import numpy as np
from base_entry import Base


class Entry(Base):
    batch_documents = 1

    def __init__(self):
        super().__init__()
        self.adapters = {}

    def learn(self, batch):
        self.adapters.clear()

    def row(self, past):
        chunk = tuple(past[: len(past) // 32 * 32])
        if not chunk:
            return super().row(past)
        if chunk not in self.adapters:
            self.adapters[chunk] = np.bincount(chunk, minlength=257) / len(chunk)
        return np.log(0.95 * np.exp(super().row(past)) + 0.05 * self.adapters[chunk])


def load():
    return Entry()
