# Space and letter are one token where both are there, each byte counted once.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    vocab_size = 513

    def encode(self, document):
        tokens, t = [], 0
        while t < len(document):
            joined = document[t] == 32 and t + 1 < len(document)
            t += joined
            tokens.append(257 + document[t] if joined else document[t])
            t += 1
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        return b"".join(bytes([32, t - 257]) if t > 256 else bytes([t]) for t in tokens.tolist())


def load():
    return Entry()
