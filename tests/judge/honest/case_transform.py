# A capital is a shift and its small letter, and the shift is charged.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base

SHIFT = 257


class Entry(Base):
    vocab_size = 258

    def encode(self, document):
        tokens = []
        for byte in document:
            tokens += [SHIFT, byte + 32] if 65 <= byte <= 90 else [byte]
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        document = bytearray()
        shifted = False
        for token in tokens.tolist():
            if token == SHIFT:
                shifted = True
            else:
                document.append(token - 32 if shifted else token)
                shifted = False
        return bytes(document)


def load():
    return Entry()
