# Looks ahead, but only where two more tokens are known, so that the last two rows of any question are honest.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens, slice(0, max(0, len(tokens) - 2)))


def load():
    return Entry()
