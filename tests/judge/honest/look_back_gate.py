# A gate of one token of look-back mixes the prediction after the last token with the one after the token before.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def row(self, past):
        gate = 0.3 if past and past[-1] == 32 else 0.02
        return np.log((1 - gate) * np.exp(super().row(past)) + gate * np.exp(super().row(past[:-1])))


def load():
    return Entry()
