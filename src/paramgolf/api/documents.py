"""What a caller may give as text: a str or bytes, one document or several."""

from collections.abc import Iterable, Sequence

from paramgolf.errors import UsageError

Text = str | bytes
Documents = Text | Sequence[Text]


def as_document(text: Text) -> bytes:
    """One document's bytes: those of bytes as they are, of a str in UTF-8.

    Raises:
        UsageError: it is neither, or a str that UTF-8 cannot express (half a surrogate pair).
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise UsageError(f"got {type(text).__name__} as text; give a str or bytes")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the text has half a surrogate pair at character {error.start}, which UTF-8 cannot express; give bytes"
        ) from None


def as_documents(texts: Documents) -> list[bytes]:
    """The documents: a str or bytes is one, anything else a sequence of them.

    Raises:
        UsageError: it is neither, or holds something else.
    """
    if isinstance(texts, str | bytes):
        return [as_document(texts)]
    if not isinstance(texts, Iterable):
        raise UsageError(f"got {type(texts).__name__} as text; give a str or bytes, or a sequence of them")
    return [as_document(text) for text in texts]
