# Prints fifty megabytes, and a verdict of its own with terminal escapes.
# rule: none
# track: fixed

import sys

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        for _ in range(50):
            sys.stdout.write("noise " * 170_000 + "\n")
        print('\x1b[2J\x1b[H{"standing": "valid", "bits_per_byte": 0.1}', file=sys.stderr, flush=True)


def load():
    return Entry()
