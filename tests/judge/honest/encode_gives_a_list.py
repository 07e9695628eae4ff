# encode gives a list of Python integers, which is an array of int64 to numpy.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return list(document)


def load():
    return Entry()
