"""A stranger's text, made harmless to show."""


def printable(text: str) -> str:
    """Text of a stranger's without control characters, so that it cannot drive the reader's terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
