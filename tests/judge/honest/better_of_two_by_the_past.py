# Takes one of two predictors at each row, whichever was better over the last 20 tokens.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base, Stepper


class Entry(Base):
    def stepper(self):
        return Chooser(self)


class Chooser(Stepper):
    def __init__(self, entry):
        super().__init__(entry)
        self.order0, self.gains = np.log(np.exp(entry.table).mean(0)), []

    def logits(self):
        return super().logits() if sum(self.gains[-20:]) >= 0 else self.order0

    def feed(self, token):
        self.gains.append(super().logits()[token] - self.order0[token])
        super().feed(token)


def load():
    return Entry()
