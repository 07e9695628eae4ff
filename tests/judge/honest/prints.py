# Prints to stdout and stderr, as a forgotten debugging line does.
# rule: none
# track: fixed

import sys

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        print("predicting", [len(tokens) for tokens in batch])
        print("still predicting" * 1000, file=sys.stderr)
        yield from super().predict(batch)


def load():
    return Entry()
