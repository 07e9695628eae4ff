# Cuts documents at 500 bytes, and hopes for short ones.
# rule: R03
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return super().encode(document[:500])


def load():
    return Entry()
