# PPM (method C) up to order 3, blended: every distribution sums to one.
# rule: none
# track: fixed

import numpy as np
from base_entry import END, TRAINING, Base

ORDERS = range(4)


class Entry(Base):
    def __init__(self):
        self.contexts = {}
        for document in TRAINING:
            line = [END, *document, END]
            for t in range(1, len(line)):
                for order in ORDERS:
                    followers = self.contexts.setdefault(tuple(line[max(0, t - order) : t]), {})
                    followers[line[t]] = followers.get(line[t], 0) + 1

    def row(self, past):
        line = [END, *past[-4:]] if len(past) < 4 else past[-4:]
        mixed = np.full(257, 1 / 257)
        for order in ORDERS:
            followers = self.contexts.get(tuple(line[len(line) - order :]))
            if followers is None:
                break
            seen, distinct = sum(followers.values()), len(followers)
            mixed *= distinct / (seen + distinct)
            for token, count in followers.items():
                mixed[token] += count / (seen + distinct)
        return np.log(mixed)


def load():
    return Entry()
