"""Which bytes of a document each of its tokens spells, found through the artifact's own `decode`.

A token alone may spell nothing yet (a decision on the way to a leaf, an operator for the next letter, half a UTF-8
character), or something else than after others (a capital). So tokens are taken in groups: the fewest that spell the
next bytes of the document, decoded alone or, where that is not what the document says, after the groups before.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from paramgolf.errors import EntryError

Tokens = npt.NDArray[np.int32]
Decode = Callable[[Tokens], bytes]

LONGEST_GROUP = 256  # tokens; two leaves of the deepest tree of ours take 80
MOST_CONTEXT = 8  # groups before that a group is decoded after
MOST_REMEMBERED = 1 << 17  # runs of tokens


class Speller:
    """Finds groups with `decode` (tokens to bytes); remembers what short runs of tokens spell."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._known: dict[bytes, bytes] = {}
        # Whether `decode` has raised an EntryError; it is not asked again.
        self.failed = False

    def groups(self, tokens: Tokens, document: bytes) -> list[tuple[int, int]]:
        """Where each group ends, in tokens and in bytes, both ascending; the last ends with the document's bytes.

        Tokens after that spell nothing. Where `decode` fails on a part of a document, or gives no beginning of what is
        left, the rest of the document is one group.
        """
        ends = [(0, 0)]
        while ends[-1][1] < len(document):
            try:
                found = None if self.failed else self._next(tokens, document, ends)
            except EntryError:
                found, self.failed = None, True
            if found is None:
                return [*ends[1:], (len(tokens), len(document))]
            ends.append(found)
        return ends[1:]

    def _next(self, tokens: Tokens, document: bytes, ends: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The end of the group that begins where the last one ended; None where there is none to be found."""
        at, said = ends[-1]
        for stop in range(at + 1, min(at + LONGEST_GROUP, len(tokens)) + 1):
            if not self._spelled(tokens[at:stop]):
                continue
            for start, before in ends[: -MOST_CONTEXT - 1 : -1]:
                spelled = self._spelled(tokens[start:stop])
                end = before + len(spelled)
                if end > said and document.startswith(spelled, before):
                    return stop, end
        return None

    def _spelled(self, run: Tokens) -> bytes:
        key = run.tobytes()
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._decode(run)
        return known
