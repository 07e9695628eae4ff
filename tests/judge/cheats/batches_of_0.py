# Wants no documents at once.
# rule: R17, R05
# track: fixed

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        self.batch_documents = 0


def load():
    return Entry()
