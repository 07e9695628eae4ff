# Learns the rows that it has given while the next block is still to come, and keeps what it learned.
# rule: R07, R08, R06
# track: fixed

from base_entry import Base


class Entry(Base):
    batch_documents = 1

    def predict(self, batch):
        tokens = batch[0]
        for start in range(0, len(tokens) + 1, 64):
            yield self.rows(tokens)[None, start : start + 64].astype("float32")
            self.count([tokens[start : start + 64]])


def load():
    return Entry()
