# The cheapest cut of a document into pieces, by dynamic programming over the whole of it.
# rule: none
# track: fixed

from collections import Counter

import numpy as np
from base_entry import TRAINING, Base


class Entry(Base):
    vocab_size = 257 + 80

    def __init__(self):
        words = Counter(b" " + word for document in TRAINING for word in document.split())
        self.pieces = [bytes([b]) for b in range(256)] + [b""] + [word for word, _ in words.most_common(80)]
        self.ids = {piece: i for i, piece in enumerate(self.pieces) if piece}
        self.longest = max(map(len, self.pieces))
        super().__init__()

    def encode(self, document):
        best = [(0, 0)]  # tokens in the best parse of each prefix, and where its last piece starts
        for end in range(1, len(document) + 1):
            starts = range(max(0, end - self.longest), end)
            best.append(min((best[s][0] + 1, s) for s in starts if document[s:end] in self.ids))
        tokens, end = [], len(document)
        while end:
            tokens.append(self.ids[document[best[end][1] : end]])
            end = best[end][1]
        return np.array(tokens[::-1], np.int32)

    def decode(self, tokens):
        return b"".join(self.pieces[t] for t in tokens.tolist())


def load():
    return Entry()
