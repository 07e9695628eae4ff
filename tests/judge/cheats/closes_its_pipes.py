# Closes every descriptor that it has.
# rule: R17
# track: fixed

import os

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        os.closerange(0, 64)
        yield from super().predict(batch)


def load():
    return Entry()
