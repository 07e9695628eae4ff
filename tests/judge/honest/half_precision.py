# Adds and rounds in float16, and widens at the end.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.narrow = self.table.astype(np.float16)
        self.always = np.log(np.exp(self.table).mean(0)).astype(np.float16)

    def row(self, past):
        return (
            np.float16(0.875) * self.narrow[past[-1] if past else 256] + np.float16(0.125) * self.always
        ).astype(np.float64)


def load():
    return Entry()
