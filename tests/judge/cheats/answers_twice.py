# Answers every question about a batch twice.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def predict(self, batch):
        yield from super().predict(batch)
        pipes().answer("done")


def load():
    return Entry()
