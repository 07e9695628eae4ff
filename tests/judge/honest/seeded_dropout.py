# Dropout at prediction time, with a mask that depends on a seed and the position alone.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        kept = np.random.default_rng((7, len(past))).random(257) < 0.95
        return super().row(past) - 0.5 * ~kept


def load():
    return Entry()
