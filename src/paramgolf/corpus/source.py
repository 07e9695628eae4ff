"""What every place that documents come from looks like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Documents = Callable[[], Iterator[bytes]]
"""Call it to read the documents from the first on, one at a time; as often as wanted."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Documents as they lie there: valid UTF-8, in a fixed order, in no canonical form yet.

    name         goes into the manifest
    train        training documents, or all documents where there is no ready split
    validation   validation documents, or None where there is no ready split
    """

    name: str
    train: Documents
    validation: Documents | None = None
