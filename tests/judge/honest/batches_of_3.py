# Batches that do not divide the number of documents.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    batch_documents = 3


def load():
    return Entry()
