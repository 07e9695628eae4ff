# Its learn does nothing: it has learned from each batch already when it was asked to predict it.
# rule: R06, R07
# track: adaptive
# isolated: no

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        self.count(batch)
        yield from super().predict(batch)

    def learn(self, batch):
        pass


def load():
    return Entry()
