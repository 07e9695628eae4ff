# decompress gives no empty documents back.
# rule: R11
# track: fixed

from base_entry import Base


class Entry(Base):
    def decompress(self, data):
        return [document for document in super().decompress(data) if document]


def load():
    return Entry()
