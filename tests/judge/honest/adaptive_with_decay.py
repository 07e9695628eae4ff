# Forgets old counts a little with every batch.
# rule: none
# track: adaptive
# isolated: no

from base_entry import Adaptive


class Entry(Adaptive):
    def learn(self, batch):
        self.counts *= 0.95
        super().learn(batch)


def load():
    return Entry()
