# Looks ahead in the first four rows of each document only.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens, slice(4), by=8)


def load():
    return Entry()
