# Fills memory, 256 MiB at a time, up to 9 GiB.
# rule: R09, R17
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        held = [np.ones(1 << 25) for _ in range(36)]
        raise SystemExit(f"{len(held)} quarters of a GiB and nobody minds")


def load():
    return Entry()
