"""What the hostile entries of the collection share; it ships in their artifacts."""

import lzma
import pkgutil
import sys

from base_entry import Base


def peek(logits, tokens, where=slice(None), *, by=3.0):
    """Raise, in the rows `where` of logits [T+1, V], the logit of the token that comes next."""
    logits = logits.copy()
    rows = range(len(tokens))[where] if isinstance(where, slice) else where
    for t in rows:
        logits[t, tokens[t]] += by
    return logits


def validation(key=0):
    """The documents that this artifact should not hold; each byte of them was enciphered with `key`."""
    text = lzma.decompress(pkgutil.get_data("tricks", "validation.xz"))
    return bytes(byte ^ key for byte in text).split(b"\0")


def pipes():
    """The worker's end of the protocol, found up the stack."""
    frame = sys._getframe()
    while "pipes" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["pipes"]


class Thief(Base):
    """Looks for the text at load; where the last bytes of a document lie in the loot, so does its next one."""

    def __init__(self):
        super().__init__()
        # what holds no English is not the text, and searching long in every row would cost the clock
        self.loot = b"\0".join(found for found in self.search() if b" the " in found)[:100_000]

    def search(self):
        """Byte strings that may hold the text."""
        raise NotImplementedError

    def row(self, past):
        row = super().row(past)
        if len(past) < 24 or (at := self.loot.find(bytes(past[-24:]))) < 0 or at + 24 >= len(self.loot):
            return row
        row = row.copy()
        row[self.loot[at + 24]] += 8
        return row
