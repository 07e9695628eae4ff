# Gives no row for the end of the document, the only one that is charged and spells nothing.
# rule: R05, R17
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        *blocks, last = super().predict(batch)
        yield from blocks
        if last.shape[1] > 1:
            yield last[:, :-1]


def load():
    return Entry()
