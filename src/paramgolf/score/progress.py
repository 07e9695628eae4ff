"""How long work says how far it is; showing it is the caller's part."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`done` of `total` (None: unknown) in `unit`, in the named phase."""

    phase: str
    done: float
    total: float | None
    unit: str


ProgressCallback = Callable[[Progress], None]
