# Reads every file of up to a megabyte outside the libraries, and looks for the text in them.
# rule: none
# track: fixed

import os
import sys
from pathlib import Path

from tricks import Thief

LIBRARIES = ("/usr", "/lib", "/packages", "/proc", "/sys", "/dev", "/bin", "/sbin", sys.base_prefix)


class Entry(Thief):
    def search(self):
        for folder, below, names in os.walk("/"):
            below[:] = [
                name for name in below if not f"{folder}/{name}".replace("//", "/").startswith(LIBRARIES)
            ]
            for path in (Path(folder, name) for name in names):
                try:
                    if path.is_file() and path.stat().st_size < 1_000_000:
                        yield path.read_bytes()
                except OSError:
                    continue


def load():
    return Entry()
