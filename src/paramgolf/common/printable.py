"""A stranger's text, made harmless to show."""

LONGEST_SHOWN_NAME = 200


def printable(text: str) -> str:
    """Text of a stranger's that cannot drive the reader's terminal, turn the direction of writing or hide.

    Control and format characters (Unicode categories Cc and Cf) become U+FFFD, but for line ends and tabs.
    """
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def one_line(text: str, limit: int | None = None) -> str:
    """Printable text on one line, white space folded; longer text is cut to `limit` characters, its dots among them."""
    line = printable(" ".join(text.split()))
    return line if limit is None or len(line) <= limit else f"{line[: limit - 3]}..."


def quoted(name: str) -> str:
    """A stranger's name, fit for a terminal: quoted, ASCII, cut."""
    return ascii(name if len(name) <= LONGEST_SHOWN_NAME else name[:LONGEST_SHOWN_NAME] + "...")
