# Leaves, while a child in a session of its own keeps the pipes open.
# rule: R17, R09
# track: fixed

import os
import time

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        if not os.fork():
            os.setsid()
            time.sleep(1000)
        os._exit(0)


def load():
    return Entry()
