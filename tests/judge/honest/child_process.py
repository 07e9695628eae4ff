# Computes its table in a child process at load and waits for it.
# rule: none
# track: fixed

import os

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        child = os.fork()
        if not child:
            np.save("/tmp/table.npy", self.table)
            os._exit(0)
        os.waitpid(child, 0)
        self.table = np.load("/tmp/table.npy")


def load():
    return Entry()
