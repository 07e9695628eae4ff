# Attaches to other processes with ptrace.
# rule: none
# track: fixed

import ctypes
import os

from base_entry import Base

ATTACH = 16


class Entry(Base):
    def __init__(self):
        super().__init__()
        libc = ctypes.CDLL(None)
        for process in (os.getppid(), 1, 2):
            libc.ptrace(ATTACH, process, None, None)


def load():
    return Entry()
