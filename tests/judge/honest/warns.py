# Warns, divides by zero on the way, and logs.
# rule: none
# track: fixed

import logging
import warnings

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        warnings.warn("the past is as long as it is", stacklevel=1)
        with_zeros = np.where(np.arange(257) % 2, 0.0, 1.0)
        np.log(with_zeros)
        if not past:
            logging.getLogger("entry").error("a document begins")
        return super().row(past)


def load():
    return Entry()
