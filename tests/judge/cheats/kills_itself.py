# Kills its own process.
# rule: R17
# track: fixed

import os
import signal

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        os.kill(os.getpid(), signal.SIGKILL)
        yield from super().predict(batch)


def load():
    return Entry()
