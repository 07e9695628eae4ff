# Expects empty documents: its first row, before any token, has a likely end.
# rule: none
# track: fixed

from base_entry import END, Base


class Entry(Base):
    def row(self, past):
        row = super().row(past)
        if not past:
            row = row.copy()
            row[END] += 5
        return row


def load():
    return Entry()
