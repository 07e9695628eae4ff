# Its arrays are read-only, so that nothing it is asked can change it.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.table.flags.writeable = self.counts.flags.writeable = False


def load():
    return Entry()
