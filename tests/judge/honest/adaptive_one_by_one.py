# Learns after every single document.
# rule: none
# track: adaptive
# isolated: no

from base_entry import Adaptive


class Entry(Adaptive):
    batch_documents = 1


def load():
    return Entry()
