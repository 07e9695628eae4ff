# Announces a header of 4 GiB.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def predict(self, batch):
        pipes()._answers.write(b"\xff" * 1_000_000)
        yield from super().predict(batch)


def load():
    return Entry()
