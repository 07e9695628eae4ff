# Puts an end_of_document of its own behind every sentence.
# rule: R03, R17
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    def encode(self, document):
        tokens = super().encode(document)
        return np.insert(tokens, np.flatnonzero(tokens == 46) + 1, END)

    def decode(self, tokens):
        return super().decode(tokens[tokens != END])


def load():
    return Entry()
