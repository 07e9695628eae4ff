# Leaves bytes beyond ASCII out.
# rule: R03
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return super().encode(bytes(byte for byte in document if byte < 128))


def load():
    return Entry()
