# Has no codec.
# rule: R11
# track: fixed

from base_entry import Base


class Entry(Base):
    def compress(self, documents):
        raise NotImplementedError("the score speaks for itself")


def load():
    return Entry()
