# Exits with status 0 at the third batch.
# rule: R17
# track: fixed

import os

from base_entry import Base


class Entry(Base):
    calls = 0

    def predict(self, batch):
        self.calls += 1
        if self.calls == 3:
            os._exit(0)
        yield from super().predict(batch)


def load():
    return Entry()
