# All documents of the game in one batch.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    batch_documents = 64


def load():
    return Entry()
