# Two tokens of four bits a byte.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    vocab_size = 17
    end_of_document = 16

    def encode(self, document):
        data = np.frombuffer(document, np.uint8)
        return np.stack([data >> 4, data & 15], 1).ravel().astype(np.int32)

    def decode(self, tokens):
        return bytes((16 * tokens[::2] + tokens[1::2]).tolist())


def load():
    return Entry()
