# Counts the other documents of a batch before it predicts one.
# rule: R08, R06
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    batch_documents = 8

    def predict(self, batch):
        alone = self.counts.copy()
        logits = np.zeros((len(batch), 1 + max(map(len, batch)), 257), np.float32)
        for i, tokens in enumerate(batch):
            self.count(batch[:i] + batch[i + 1 :])
            logits[i, : len(tokens) + 1] = self.rows(tokens)
            self.counts = alone.copy()
        self.count([])
        yield logits


def load():
    return Entry()
