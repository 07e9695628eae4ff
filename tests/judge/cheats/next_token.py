# Raises the logit of the token that comes.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    def rows(self, tokens):
        return peek(super().rows(tokens), tokens)


def load():
    return Entry()
