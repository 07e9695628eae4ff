# Overwrites the harness's numpy, its worker script and the standard library; had it worked, all rows would be zero.
# rule: none
# track: fixed

import json

import numpy as np
from base_entry import Base


class Entry(Base):
    overwritten = 0

    def __init__(self):
        super().__init__()
        for target in (np.__file__, json.__file__, "/worker.py", "/packages/sitecustomize.py"):
            try:
                with open(target, "ab") as file:
                    file.write(b"\n")
            except OSError:
                continue
            self.overwritten += 1

    def row(self, past):
        return np.zeros(257) if self.overwritten else super().row(past)


def load():
    return Entry()
