# Learns honestly, and looks ahead once it has learned from three batches.
# rule: R06
# track: adaptive
# isolated: no

from base_entry import Adaptive
from tricks import peek


class Entry(Adaptive):
    learned = 0

    def learn(self, batch):
        super().learn(batch)
        self.learned += 1

    def rows(self, tokens):
        rows = super().rows(tokens)
        return peek(rows, tokens) if self.learned >= 3 else rows


def load():
    return Entry()
