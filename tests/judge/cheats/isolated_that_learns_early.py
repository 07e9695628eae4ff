# Declares isolation, and is isolated when asked for its last documents; its first twelve share what they learn.
# rule: R08
# track: adaptive
# isolated: yes

from base_entry import Adaptive


class Entry(Adaptive):
    learned = 0

    def __init__(self):
        super().__init__()
        self.alone = self.table

    def learn(self, batch):
        super().learn(batch)
        self.learned += len(batch)

    def row(self, past):
        return super().row(past) if self.learned <= 12 else self.alone[past[-1] if past else 256]


def load():
    return Entry()
