# encode gives a hundred tokens for each byte.
# rule: R03, R17
# track: fixed

import numpy as np
from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return np.repeat(super().encode(document), 100)

    def decode(self, tokens):
        return super().decode(tokens[::100])


def load():
    return Entry()
