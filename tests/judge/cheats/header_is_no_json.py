# Sends a header that is not JSON, with escapes for the reader's terminal.
# rule: R17
# track: fixed

from base_entry import Base
from tricks import pipes


class Entry(Base):
    def predict(self, batch):
        pipes()._answers.write(b"\x10\0\0\0\x1b]0;valid\x07\x1b[2J\xff\xfe\0\0")
        yield from super().predict(batch)


def load():
    return Entry()
