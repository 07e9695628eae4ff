# Fills /tmp and /dev/shm until they are full, and frees them.
# rule: none
# track: fixed

import contextlib
import os

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        for folder in ("/tmp", "/dev/shm"):
            with contextlib.suppress(OSError), open(f"{folder}/full", "wb", 0) as file:
                for _ in range(600):
                    file.write(bytes(1 << 20))
            os.unlink(f"{folder}/full")


def load():
    return Entry()
