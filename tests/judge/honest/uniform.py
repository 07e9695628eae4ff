# Every byte is as likely as any other.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        return np.zeros(257)


def load():
    return Entry()
