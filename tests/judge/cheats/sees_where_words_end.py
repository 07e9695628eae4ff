# Does not look at the next token, but at how many tokens it is to the next space.
# rule: R06
# track: fixed

from base_entry import Base


class Entry(Base):
    def rows(self, tokens):
        rows = super().rows(tokens)
        for t, token in enumerate(tokens):
            rows[t, 32] += 3 if token == 32 else -3
        return rows


def load():
    return Entry()
