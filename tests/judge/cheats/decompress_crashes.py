# Scores and compresses; decompress was never tried.
# rule: R11
# track: fixed

from base_entry import Base


class Entry(Base):
    def decompress(self, data):
        return super().decompress(data[:-4])[: len(self.undefined)]


def load():
    return Entry()
