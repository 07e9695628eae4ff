# Describes a vocabulary of 257 tokens and predicts for 300.
# rule: R17, R05
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        self.vocab_size = 300
        yield np.zeros((len(batch), 1 + max(map(len, batch)), 300), np.float32)


def load():
    return Entry()
