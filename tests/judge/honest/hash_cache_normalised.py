# Counts in 4096 hashed buckets of two bytes of context: collisions are allowed, and each bucket sums to one.
# rule: none
# track: fixed

import zlib

import numpy as np
from base_entry import END, TRAINING, Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.cache = np.zeros((4096, 257), np.float32)
        for document in TRAINING:
            line = [*document, END]
            for t, token in enumerate(line):
                self.cache[self.bucket(line[:t]), token] += 1

    def bucket(self, past):
        return zlib.crc32(bytes(past[-2:])) % 4096

    def row(self, past):
        followers = self.cache[self.bucket(past)].astype(float)
        return np.log((followers + 4 * np.exp(super().row(past))) / (followers.sum() + 4))


def load():
    return Entry()
