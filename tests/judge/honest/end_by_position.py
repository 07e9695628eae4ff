# How likely a document ends depends on how many tokens it has had so far, and on the full stop before.
# rule: none
# track: fixed

from base_entry import END, Base


class Entry(Base):
    def row(self, past):
        row = super().row(past).copy()
        row[END] += min(3, len(past) / 200) if past and past[-1] == 46 else -1
        return row


def load():
    return Entry()
