# Takes half a second to load and sleeps a little in each batch, within the clock.
# rule: none
# track: fixed

import time

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        time.sleep(0.5)

    def predict(self, batch):
        time.sleep(0.02)
        yield from super().predict(batch)


def load():
    return Entry()
