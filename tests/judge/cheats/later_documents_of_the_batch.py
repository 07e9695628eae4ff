# Counts the later documents of the batch, which are not scored yet, before it predicts the first.
# rule: R06
# track: adaptive
# isolated: no

from base_entry import Adaptive


class Entry(Adaptive):
    batch_documents = 8

    def predict(self, batch):
        before = self.counts.copy()
        self.count(batch[1:])
        self.count(batch[1:])
        yield from super().predict(batch)
        self.counts = before
        self.count([])


def load():
    return Entry()
