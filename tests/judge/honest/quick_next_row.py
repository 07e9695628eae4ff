# Has a quicker way to the row behind a sequence, which gives what predict gives.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict_next(self, tokens):
        return self.row(tokens.tolist())


def load():
    return Entry()
