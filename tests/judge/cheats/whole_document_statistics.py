# Uses the bigram counts of the whole document from its first row on.
# rule: R06
# track: fixed

import numpy as np
from base_entry import END, Base


class Entry(Base):
    def rows(self, tokens):
        own = np.zeros_like(self.counts)
        line = [END, *tokens, END]
        np.add.at(own, (line[:-1], line[1:]), 1)
        own = (own + 3 * np.exp(self.table)) / (own.sum(1, keepdims=True) + 3)
        return np.log(own[line[:-1]])


def load():
    return Entry()
