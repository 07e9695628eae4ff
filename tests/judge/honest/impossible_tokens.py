# Sixty ids that no text uses get a logit of -10,000, which is finite.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    vocab_size = 317

    def row(self, past):
        return np.where(np.arange(317) < 257, super().row(past), -1e4)


def load():
    return Entry()
