# Its temperature follows the time of day.
# rule: R10, R06
# track: fixed

import time

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.sharpness = 1 + 0.05 * (time.time_ns() // 1000 % 1000) / 1000

    def row(self, past):
        return super().row(past) * self.sharpness


def load():
    return Entry()
