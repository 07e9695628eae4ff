# The weights of two predictors follow how well each did on the document so far.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base, Stepper


class Entry(Base):
    def stepper(self):
        return Mixer(self)


class Mixer(Stepper):
    def __init__(self, entry):
        super().__init__(entry)
        self.order0, self.scores = np.exp(entry.table).mean(0), np.log([0.9, 0.1])

    def experts(self):
        return np.stack([np.exp(super().logits()), self.order0])

    def logits(self):
        weights = np.exp(self.scores - self.scores.max())
        return np.log(weights @ self.experts() / weights.sum())

    def feed(self, token):
        self.scores = 0.98 * self.scores + np.log(self.experts()[:, token])
        super().feed(token)


def load():
    return Entry()
