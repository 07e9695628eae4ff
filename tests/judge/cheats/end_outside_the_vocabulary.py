# Its end_of_document is no token, and so cannot be charged.
# rule: R17, R05
# track: fixed

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.end_of_document = 257


def load():
    return Entry()
