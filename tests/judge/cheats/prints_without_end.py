# Prints without end, to stdout and stderr.
# rule: R09, R17
# track: fixed

import os

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        while True:
            os.write(1, b"\xf0\x9f\x99\x82\x1b[31m" * 10_000)
            os.write(2, b"\0" * 65_536)
        yield


def load():
    return Entry()
