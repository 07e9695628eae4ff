# float32 matrix products over the whole batch in predict, of one row in the codec: the last bits differ.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    batch_documents = 8

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(11)
        self.embedding = rng.normal(0, 1, (257, 96)).astype(np.float32)
        self.output = rng.normal(0, 0.02, (96, 257)).astype(np.float32)

    def row(self, past):
        return self.logits(np.array([past[-1] if past else END]))[0].astype(np.float64)

    def logits(self, last):
        return self.table[last].astype(np.float32) + np.tanh(self.embedding[last]) @ self.output

    def predict(self, batch):
        padded = np.full((len(batch), 1 + max(map(len, batch))), END)
        for i, tokens in enumerate(batch):
            padded[i, 1 : len(tokens) + 1] = tokens
        yield self.logits(padded.ravel()).reshape(*padded.shape, 257)


def load():
    return Entry()
