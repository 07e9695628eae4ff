# An infinite logit for the token that comes: the rest of the softmax vanishes.
# rule: R05, R06
# track: fixed

import numpy as np
from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens, by=np.inf)


def load():
    return Entry()
