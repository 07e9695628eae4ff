# Describes a vocabulary of 2**40 tokens.
# rule: R17, R05
# track: fixed

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.vocab_size = 2**40


def load():
    return Entry()
