# Crashes the interpreter.
# rule: R17
# track: fixed

import ctypes

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        ctypes.string_at(0)
        yield from super().predict(batch)


def load():
    return Entry()
