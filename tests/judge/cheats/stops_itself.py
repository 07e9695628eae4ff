# Stops its own process, so that the harness waits for it.
# rule: R09, R17
# track: fixed

import os
import signal

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        os.kill(os.getpid(), signal.SIGSTOP)
        yield from super().predict(batch)


def load():
    return Entry()
