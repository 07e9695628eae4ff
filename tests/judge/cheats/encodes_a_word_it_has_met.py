# Its tokenizer has an id for the commonest word of the documents before, which encoder and decoder meet in one order.
# rule: R03, R08
# track: fixed

from collections import Counter

import numpy as np
from base_entry import Base

WORD = 257


class Entry(Base):
    vocab_size = 258

    def __init__(self):
        self.met = Counter()
        super().__init__()
        self.met = Counter()

    def word(self):
        return self.met.most_common(1)[0][0] if self.met else None

    def meet(self, document):
        self.met.update(word for word in document.split() if len(word) > 3)

    def encode(self, document):
        word = self.word() if hasattr(self, "table") else None
        self.meet(document)
        parts = document.split(word) if word else [document]
        tokens = [byte for part in parts for byte in (WORD, *part)][1:]
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        word = self.word() or b""
        document = b"".join(word if token == WORD else bytes([token]) for token in tokens.tolist())
        self.meet(document)
        return document


def load():
    return Entry()
