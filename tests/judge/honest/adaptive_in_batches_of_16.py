# Learns after every 16 documents.
# rule: none
# track: adaptive
# isolated: no

from base_entry import Adaptive


class Entry(Adaptive):
    batch_documents = 16


def load():
    return Entry()
