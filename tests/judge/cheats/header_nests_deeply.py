# Sends sixty thousand opening brackets.
# rule: R17
# track: fixed

import struct

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def predict(self, batch):
        pipes()._answers.write(struct.pack("<I", 60_000) + b"[" * 60_000)
        yield from super().predict(batch)


def load():
    return Entry()
