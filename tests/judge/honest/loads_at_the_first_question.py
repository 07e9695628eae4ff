# Makes its model when it is first asked, so that the first answer takes longer than the others.
# rule: none
# track: fixed

import functools

from base_entry import Base


class Entry(Base):
    def __init__(self):
        pass

    @functools.cached_property
    def table(self):
        return Base().table


def load():
    return Entry()
