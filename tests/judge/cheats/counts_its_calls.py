# Sharpens its predictions a little at every call.
# rule: R07, R08, R06
# track: fixed

from base_entry import Base


class Entry(Base):
    calls = 0

    def predict(self, batch):
        yield from super().predict(batch)
        self.calls += 1

    def row(self, past):
        return super().row(past) * (1 + 0.02 * self.calls)


def load():
    return Entry()
