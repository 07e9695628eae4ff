# Forty byte pair merges, learned at load from the training text and applied in order.
# rule: none
# track: fixed

from collections import Counter
from itertools import pairwise

import numpy as np
from base_entry import TRAINING, Base


class Entry(Base):
    vocab_size = 257 + 40

    def __init__(self):
        self.merges = []
        documents = [list(document) for document in TRAINING]
        while len(self.merges) < 40:
            pairs = Counter(pair for d in documents for pair in pairwise(d))
            self.merges.append(max(pairs, key=lambda pair: (pairs[pair], pair)))
            documents = [self.merge(d, len(self.merges) - 1) for d in documents]
        super().__init__()

    def merge(self, tokens, index):
        merged = []
        for token in tokens:
            if merged and (merged[-1], token) == self.merges[index]:
                merged[-1] = 257 + index
            else:
                merged.append(token)
        return merged

    def encode(self, document):
        tokens = list(document)
        for index in range(len(self.merges)):
            tokens = self.merge(tokens, index)
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        return b"".join(map(self.piece, tokens.tolist()))

    def piece(self, token):
        return bytes([token]) if token < 256 else b"".join(map(self.piece, self.merges[token - 257]))


def load():
    return Entry()
