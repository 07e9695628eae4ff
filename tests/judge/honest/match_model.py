# Looks for the longest earlier match of its last tokens in the document itself and expects what followed there.
# rule: none
# track: fixed

from base_entry import Base


class Entry(Base):
    def row(self, past):
        row = super().row(past)
        text = b"".join(token.to_bytes(2, "little") for token in past)
        for length in (8, 5):
            if len(past) > length and (at := text.rfind(text[-2 * length :], 0, -2)) >= 0 and at % 2 == 0:
                row = row.copy()
                row[past[at // 2 + length]] += length / 4
                break
        return row


def load():
    return Entry()
