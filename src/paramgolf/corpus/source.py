"""What every place that documents come from looks like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit


class SiteDocument(bytes):
    """A document whose source says which web site it is from."""

    site: str


def at_site(document: bytes, site: str | None) -> bytes:
    """The document, which knows its site from now on; as it is where `site` is None."""
    if site is None:
        return document
    known = SiteDocument(document)
    known.site = site
    return known


def site_of(document: bytes) -> str | None:
    """The host name that a document came from, or None where its source did not say."""
    return document.site if isinstance(document, SiteDocument) else None


def host_of(url: object) -> str | None:
    """The host name of an address, or None where it is none."""
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


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
