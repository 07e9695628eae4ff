# encode folds capitals, which saves bits and loses them.
# rule: R03
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return super().encode(document.lower())


def load():
    return Entry()
