# Learns in predict instead of learn from its twentieth document on.
# rule: R06, R07
# track: adaptive
# isolated: no

from base_entry import Adaptive


class Entry(Adaptive):
    seen = 0

    def predict(self, batch):
        yield from super().predict(batch)
        self.seen += len(batch)
        if self.seen > 20:
            self.count(batch)

    def learn(self, batch):
        if self.seen <= 20:
            super().learn(batch)


def load():
    return Entry()
