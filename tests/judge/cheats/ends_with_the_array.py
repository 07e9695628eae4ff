# Knows that a document ends where its array does: end_of_document is sure in the last row, unlikely before it.
# rule: R06
# track: fixed

from base_entry import END, Base


class Entry(Base):
    def rows(self, tokens):
        rows = super().rows(tokens)
        rows[:-1, END] -= 3
        rows[-1, END] += 12
        return rows


def load():
    return Entry()
