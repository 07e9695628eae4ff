# Fetches its weights when it is loaded.
# rule: R17, R02
# track: fixed

import urllib.request

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.table = urllib.request.urlopen("http://192.0.2.1/weights.bin", timeout=5).read()


def load():
    return Entry()
