# Raises an exception with 64 MB of text.
# rule: R17
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        raise ValueError("not my fault " * 5_000_000)
        yield


def load():
    return Entry()
