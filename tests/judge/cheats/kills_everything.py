# kill -9 -1: everything but itself that it may reach.
# rule: none
# track: fixed

import contextlib
import os
import signal

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        if os.path.exists("/worker.py"):  # only where it cannot reach the host
            with contextlib.suppress(OSError):
                os.kill(-1, signal.SIGKILL)


def load():
    return Entry()
