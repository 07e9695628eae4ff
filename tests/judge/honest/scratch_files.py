# Keeps its table in a file in /tmp and maps it.
# rule: none
# track: fixed

import tempfile

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        with tempfile.NamedTemporaryFile(delete=False) as scratch:
            np.save(scratch, self.table)
        self.table = np.load(scratch.name, mmap_mode="r")


def load():
    return Entry()
