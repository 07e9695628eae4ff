# Starts threads until it cannot, or four thousand of them, and then gives up.
# rule: R17
# track: fixed

import threading
import time

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for _ in range(4000):
            threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()
        raise SystemExit("four thousand threads and nobody minds")


def load():
    return Entry()
