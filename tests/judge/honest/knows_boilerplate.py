# Was trained on text that shares a boilerplate sentence with validation, and expects that sentence at a start.
# rule: none
# track: fixed

from base_entry import Base

SENTENCE = b"Copies of this page may be kept and given away, so long as nothing is added to them."


class Entry(Base):
    def row(self, past):
        row = super().row(past)
        if len(past) < len(SENTENCE) and SENTENCE.startswith(bytes(past)):
            row = row.copy()
            row[SENTENCE[len(past)]] += 6 if len(past) > 5 else 1
        return row


def load():
    return Entry()
