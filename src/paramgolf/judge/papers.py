"""What the rules about an entry's papers read: the folder as it was handed in. Nothing declared is believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from paramgolf.challenge import Challenge
from paramgolf.errors import EntryError
from paramgolf.judge.entry import LARGEST_JSON, LARGEST_LOG, EnteredSeed, Entry
from paramgolf.judge.reproduction import Reproduction
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.verdict import SeedScore


@dataclass(frozen=True, kw_only=True)
class Papers:
    """An entry with its folder, the challenge it is for, and what the judge measured of each seed (None: nothing)."""

    folder: Path
    entry: Entry
    challenge: Challenge
    documents: Sequence[bytes]
    scores: Sequence[SeedScore | None]
    whole_text: bool
    reproduction: Reproduction | None = None

    def reproduction_of(self, seed: EnteredSeed) -> Reproduction | None:
        """The second training, where it is of this seed."""
        again = self.reproduction
        return again if again is not None and again.seed == seed.seed else None

    def read(self, path: str | None) -> bytes | None:
        """A paper's bytes; None where it is not named, or no regular file of at most LARGEST_LOG bytes."""
        if path is None:
            return None
        try:
            return read_regular_file(self.folder, path, LARGEST_LOG)
        except EntryError:
            return None

    def read_json(self, path: str | None) -> dict[str, Any]:
        """A paper that is a JSON object of at most LARGEST_JSON bytes; empty where it is none."""
        data = self.read(path)
        if data is None or len(data) > LARGEST_JSON:
            return {}
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}
