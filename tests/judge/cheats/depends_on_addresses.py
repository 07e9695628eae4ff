# Shifts logits by where an object happened to lie in memory.
# rule: R10, R06
# track: fixed

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.shift = id(object()) // 4096 % 997 / 997

    def row(self, past):
        row = super().row(past).copy()
        row[32] += 0.1 * self.shift
        return row


def load():
    return Entry()
