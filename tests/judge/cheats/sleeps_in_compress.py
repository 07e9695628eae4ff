# Scores in time, and compresses for a minute.
# rule: R09, R11
# track: fixed

import time

from base_entry import Base


class Entry(Base):
    def compress(self, documents):
        time.sleep(60)
        return super().compress(documents)


def load():
    return Entry()
