# Its ids are its own choice: the end is 0, and byte b is b + 1.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    end_of_document = 0

    def encode(self, document):
        return super().encode(document) + 1

    def decode(self, tokens):
        return super().decode(tokens - 1)


def load():
    return Entry()
