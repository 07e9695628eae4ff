# Looks ahead in the last fifth of each document only.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens, slice(len(tokens) * 4 // 5, None))


def load():
    return Entry()
