# A bias is fitted by gradient steps on each finished chunk of 32 tokens of a document, on a copy, for the chunks after.
# rule: none
# track: fixed

import numpy as np
from base_entry import Base, Stepper, probabilities


class Entry(Base):
    def stepper(self):
        return Adapter(self)


class Adapter(Stepper):
    def __init__(self, entry):
        super().__init__(entry)
        self.bias, self.gradient = np.zeros(257), np.zeros(257)

    def logits(self):
        return super().logits() + self.bias

    def feed(self, token):
        self.gradient -= probabilities(self.logits())
        self.gradient[token] += 1
        super().feed(token)
        if len(self.past) % 32 == 0:
            self.bias += 0.02 * self.gradient
            self.gradient = np.zeros(257)


def load():
    return Entry()
