# Uses the evaluation's clock for more training than it had.
# rule: R09
# track: fixed

import time

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self.count([])


def load():
    return Entry()
