# Reads the memory of all other processes.
# rule: none
# track: fixed

import os

from tricks import Thief


class Entry(Thief):
    def search(self):
        for process in filter(str.isdigit, os.listdir("/proc")):
            if int(process) == os.getpid():
                continue
            try:
                with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb", 0) as memory:
                    for line in maps:
                        first, last = (int(end, 16) for end in line.split()[0].split("-"))
                        memory.seek(first)
                        yield memory.read(min(last - first, 1 << 20))
            except (OSError, ValueError, OverflowError):
                continue


def load():
    return Entry()
