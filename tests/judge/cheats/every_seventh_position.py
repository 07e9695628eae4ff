# Looks ahead at the positions t with t % 7 == 3 only.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens, slice(3, None, 7))


def load():
    return Entry()
