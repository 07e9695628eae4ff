# Reads text as UTF-8 and replaces what is none: lossless on tidy documents only.
# rule: R03
# track: fixed

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        return super().encode(document.decode("utf-8", "replace").encode())


def load():
    return Entry()
