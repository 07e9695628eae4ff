# Looks ahead while predict and learn take turns, as in scoring; a replay calls learn alone, and sees an honest entry.
# rule: R06, R07
# track: adaptive
# isolated: no

from base_entry import Adaptive
from tricks import peek


class Entry(Adaptive):
    predicted = learned = 0

    def predict(self, batch):
        yield from super().predict(batch)
        self.predicted += 1

    def learn(self, batch):
        super().learn(batch)
        self.learned += 1

    def rows(self, tokens):
        rows = super().rows(tokens)
        return peek(rows, tokens) if self.predicted == self.learned else rows


def load():
    return Entry()
