# Strips white space at the end of documents.
# rule: R03
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return super().encode(document.strip())


def load():
    return Entry()
