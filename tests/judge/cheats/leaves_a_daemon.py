# Leaves a process behind, in a session of its own, that would outlive the judge.
# rule: none
# track: fixed

import os
import time

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.closerange(0, 64)
                time.sleep(1000)
            os._exit(0)
        os.wait()


def load():
    return Entry()
