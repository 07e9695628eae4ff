# Leaves links and pipes in /tmp, that a careless reader of the sandbox's files would follow.
# rule: none
# track: fixed

import os

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        os.symlink("/etc/passwd", "/tmp/result.json")
        os.mkfifo("/tmp/verdict.json")


def load():
    return Entry()
