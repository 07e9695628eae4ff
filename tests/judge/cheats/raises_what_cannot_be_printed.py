# Raises an exception that raises when it is printed, and is no Exception.
# rule: R17
# track: fixed

from base_entry import Base


class Unspeakable(BaseException):
    def __str__(self):
        raise Unspeakable

    __repr__ = __str__


class Entry(Base):
    def predict(self, batch):
        raise Unspeakable
        yield


def load():
    return Entry()
