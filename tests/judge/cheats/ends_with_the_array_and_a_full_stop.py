# Is sure of end_of_document where the array ends with a full stop, so that few positions can tell.
# rule: R06
# track: fixed

from base_entry import END, Base


class Entry(Base):
    def rows(self, tokens):
        rows = super().rows(tokens)
        after_a_stop = [t + 1 for t, token in enumerate(tokens) if token == 46]
        rows[after_a_stop, END] -= 3
        if after_a_stop and after_a_stop[-1] == len(tokens):
            rows[-1, END] += 15
        return rows


def load():
    return Entry()
