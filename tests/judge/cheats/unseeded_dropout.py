# Dropout at prediction time with a mask that nobody seeded.
# rule: R10, R06, R07
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        return super().row(past) - 0.5 * (np.random.default_rng().random(257) > 0.95)


def load():
    return Entry()
