# Forks until it cannot, or four hundred times, and then gives up.
# rule: R17
# track: fixed

import os
import time

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for _ in range(400):
            if not os.fork():
                time.sleep(1000)
                os._exit(0)
        raise SystemExit("four hundred children and nobody minds")


def load():
    return Entry()
