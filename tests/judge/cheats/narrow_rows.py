# Leaves the columns out that no text of the training set uses.
# rule: R05, R17
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        for block in super().predict(batch):
            yield block[:, :, :128]


def load():
    return Entry()
