# Logits are not log-probabilities: every row is shifted by a number of its own, which a softmax does not see.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    def row(self, past):
        return super().row(past) + 20 + len(past) % 50


def load():
    return Entry()
