# Writes an answer before anything was asked.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def __init__(self):
        super().__init__()
        pipes().answer("done")


def load():
    return Entry()
