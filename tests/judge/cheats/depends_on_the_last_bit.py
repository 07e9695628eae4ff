# Noise of a millionth, another one in each process: within any tolerance, and yet not the same bits.
# rule: R10
# track: fixed

import os

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.noise = int.from_bytes(os.urandom(4), "little") / 2**32

    def row(self, past):
        row = super().row(past).copy()
        row[32] += 4e-6 * self.noise
        return row


def load():
    return Entry()
