# compress codes with the predictions that were scored, which know the token: decompress cannot.
# rule: R11, R06
# track: fixed

from base_entry import Base, Stepper
from tricks import peek


class Entry(Base):
    documents = None

    def rows(self, tokens):
        return peek(super().rows(tokens), tokens)

    def compress(self, documents):
        self.documents = iter(documents)
        return super().compress(documents)

    def stepper(self):
        if self.documents is None:
            return Stepper(self)
        return Seeing(self, next(self.documents))


class Seeing(Stepper):
    def __init__(self, entry, document):
        super().__init__(entry)
        self.document = [*document, 256]

    def logits(self):
        row = super().logits().copy()
        row[self.document[len(self.past)]] += 3
        return row


def load():
    return Entry()
