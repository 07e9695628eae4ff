# Uses byte 0 as end_of_document, and so cannot spell a document that holds one.
# rule: R03, R17
# track: fixed

from base_entry import Base


class Entry(Base):
    end_of_document = 0


def load():
    return Entry()
