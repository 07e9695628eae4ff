# Counts all documents in the losslessness check, before the first of them is scored.
# rule: R06, R08
# track: fixed

from base_entry import Base


class Entry(Base):
    def decode(self, tokens):
        self.count([tokens])
        return super().decode(tokens)


def load():
    return Entry()
