# Yields blocks for one document where the batch has four.
# rule: R05, R17
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for block in super().predict(batch):
            yield block[:1]


def load():
    return Entry()
