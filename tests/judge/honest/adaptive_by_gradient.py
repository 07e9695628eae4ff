# A bias takes one gradient step in float32 for every scored batch.
# rule: none
# track: adaptive
# isolated: no

import numpy as np
from base_entry import END, Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.bias = np.zeros(257, np.float32)

    def row(self, past):
        return super().row(past) + self.bias

    def learn(self, batch):
        gradient = np.zeros(257, np.float32)
        for tokens in batch:
            predicted = np.exp(self.table[[END, *tokens]] + self.bias)
            gradient -= (predicted / predicted.sum(1, keepdims=True)).sum(0)
            gradient += np.bincount([*tokens, END], minlength=257)
        self.bias += 1e-3 * gradient / max(1, len(batch))


def load():
    return Entry()
