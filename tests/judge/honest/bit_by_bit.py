# Decides bit by bit, most significant first; end_of_document can come between bytes.
# rule: none
# track: fixed

import numpy as np
from base_entry import TRAINING, Base


class Entry(Base):
    vocab_size = 3
    end_of_document = 2
    batch_documents = 16

    def __init__(self):
        self.nodes = np.full((257, 256, 2), 0.4)
        for document in TRAINING:
            for before, byte in zip([256, *document], document, strict=False):
                for bit in range(8):
                    self.nodes[before, (256 | byte) >> (8 - bit), byte >> (7 - bit) & 1] += 1
        self.nodes = np.log(self.nodes / self.nodes.sum(-1, keepdims=True))

    def encode(self, document):
        return np.unpackbits(np.frombuffer(document, np.uint8)).astype(np.int32)

    def decode(self, tokens):
        return np.packbits(tokens.astype(np.uint8)).tobytes()

    def row(self, past):
        bits = len(past) % 8
        before = int("".join(map(str, past[-8 - bits : len(past) - bits])), 2) if len(past) >= 8 else 256
        node = int("1" + "".join(map(str, past[len(past) - bits :])), 2)
        return np.append(self.nodes[before, node], -12.0 if bits else -5.5)


def load():
    return Entry()
