# Normalises text (NFKC) before it makes tokens of it.
# rule: R03
# track: fixed

import unicodedata

from base_entry import Base


class Entry(Base):
    def encode(self, document):
        text = document.decode("utf-8", "surrogateescape")
        return super().encode(unicodedata.normalize("NFKC", text).encode("utf-8", "surrogateescape"))


def load():
    return Entry()
