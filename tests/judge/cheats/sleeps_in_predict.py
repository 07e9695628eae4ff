# Takes a minute for a batch.
# rule: R09
# track: fixed

import time

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        time.sleep(60)
        yield from super().predict(batch)


def load():
    return Entry()
