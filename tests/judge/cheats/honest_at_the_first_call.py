# Looks ahead from the second call of a process on.
# rule: R06
# track: fixed

from base_entry import Base
from tricks import peek


class Entry(Base):
    calls = 0

    def predict(self, batch):
        self.calls += 1
        yield from super().predict(batch)

    def rows(self, tokens):
        rows = super().rows(tokens)
        return peek(rows, tokens) if self.calls > 1 else rows


def load():
    return Entry()
