# Announces minus one row.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def predict(self, batch):
        pipes().answer("block", rows=-1)
        yield from super().predict(batch)


def load():
    return Entry()
