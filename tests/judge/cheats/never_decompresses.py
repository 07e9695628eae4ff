# Tries all texts in turn until one compresses to the same bytes.
# rule: R09, R11
# track: fixed

from base_entry import Base


class Entry(Base):
    def decompress(self, data):
        guess = 0
        while self.compress([guess.to_bytes(8, "big")]) != data:
            guess += 1
        return [guess.to_bytes(8, "big")]


def load():
    return Entry()
