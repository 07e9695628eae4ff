"""Where an entry's page lies. Names were chosen by strangers: an address is made, never taken as it is."""

import hashlib
import re
from collections.abc import Iterable

# Letters that need no escape in a link and mean nothing to a shell or a file system.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def addresses(names: Iterable[str]) -> dict[str, str]:
    """The folder below `entries/` of each entry, in the order in which they were submitted.

    A plain name is its own address, for the first entry that has it in any mix of upper and lower case. Every other
    name gets what is plain of it, `~` (which no plain name holds) and a hash of the whole. So an address never changes
    when further entries come.
    """
    taken: set[str] = set()
    found = {}
    for name in names:
        plain = _PLAIN.fullmatch(name) and not name.endswith(".") and not _DEVICES.fullmatch(name)
        if plain and name.lower() not in taken:
            found[name] = name
        else:
            stem = re.sub(r"[^A-Za-z0-9]+", "-", name)[:40].strip("-") or "entry"
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
            found[name] = f"{stem}~{digest[:16]}"
        taken.add(found[name].lower())
    return found
