"""A stranger's text, made harmless to show."""

LONGEST_SHOWN_NAME = 200


def printable(text: str) -> str:
    """Text of a stranger's without control characters, so that it cannot drive the reader's terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def quoted(name: str) -> str:
    """A stranger's name, fit for a terminal: quoted, ASCII, cut."""
    return ascii(name if len(name) <= LONGEST_SHOWN_NAME else name[:LONGEST_SHOWN_NAME] + "...")
