# The same text may be spelled by several token sequences; a hash of the document chooses. Each decodes to it.
# rule: none
# track: fixed

import zlib

import numpy as np
from base_entry import Base

PAIRS = (b"th", b"he", b"in", b"er", b"an", b"e ")


class Entry(Base):
    vocab_size = 257 + len(PAIRS)

    def encode(self, document):
        chosen, tokens, t = zlib.crc32(document), [], 0
        while t < len(document):
            pair = document[t : t + 2]
            joined = pair in PAIRS and (chosen >> t % 32) & 1
            tokens.append(257 + PAIRS.index(pair) if joined else document[t])
            t += 2 if joined else 1
        return np.array(tokens, np.int32)

    def decode(self, tokens):
        return b"".join(PAIRS[t - 257] if t > 256 else bytes([t]) for t in tokens.tolist())


def load():
    return Entry()
