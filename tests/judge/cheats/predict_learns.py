# Learns in predict, so that being asked changes the next answer; its learn does nothing.
# rule: R07, R06
# track: adaptive
# isolated: no

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        yield from super().predict(batch)
        self.count(batch)

    def learn(self, batch):
        pass


def load():
    return Entry()
