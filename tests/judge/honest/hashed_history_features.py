# Shifts the logits by features of the past: hashes of the last three tokens, of the word so far, the case of its start.
# rule: none
# track: fixed

import zlib

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.shifts = np.random.default_rng(5).normal(0, 0.05, (512, 257))

    def row(self, past):
        text = bytes(past)
        word = text[text.rfind(b" ") + 1 :]
        features = (text[-3:], word, b"upper" if word[:1].isupper() else b"lower")
        return super().row(past) + sum(self.shifts[zlib.crc32(feature) % 512] for feature in features)


def load():
    return Entry()
