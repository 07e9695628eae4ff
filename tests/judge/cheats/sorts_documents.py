# compress sorts the documents by length, the better to learn from short ones first, and forgets their order.
# rule: R11
# track: fixed

from base_entry import Base


class Entry(Base):
    def compress(self, documents):
        return super().compress(sorted(documents, key=len))


def load():
    return Entry()
