# Five thousand tokens: every piece of the training text of up to four bytes, longest match first.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, TRAINING, Base


class Entry(Base):
    vocab_size = 5000
    batch_documents = 2

    def __init__(self):
        found = {d[t : t + n] for d in TRAINING for n in (2, 3, 4) for t in range(len(d) - n + 1)}
        self.pieces = [bytes([b]) for b in range(256)] + [b""] + sorted(found)[: self.vocab_size - 257]
        self.ids = {piece: i for i, piece in enumerate(self.pieces) if piece}
        counts = np.full(self.vocab_size, 0.1)
        for document in TRAINING:
            np.add.at(counts, [*self.encode(document), END], 1)
        self.always = np.log(counts / counts.sum())

    def encode(self, document):
        tokens, t = [], 0
        while t < len(document):
            size = next(n for n in (4, 3, 2, 1) if document[t : t + n] in self.ids)
            tokens.append(self.ids[document[t : t + size]])
            t += size
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        return b"".join(self.pieces[t] for t in tokens.tolist())

    def row(self, past):
        return self.always


def load():
    return Entry()
