# Learns each batch together with a random one that was scored before; the randomness is seeded.
# rule: none
# track: adaptive
# isolated: no

import random

from base_entry import Adaptive


class Entry(Adaptive):
    def __init__(self):
        super().__init__()
        self.scored, self.random = [], random.Random(9)

    def learn(self, batch):
        self.scored.append([tokens.copy() for tokens in batch])
        super().learn(batch)
        super().learn(self.random.choice(self.scored))


def load():
    return Entry()
