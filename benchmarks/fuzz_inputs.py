"""How an input of benchmarks/fuzz.py is made from valid ones, fed, and judged."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from paramgolf.common.printable import printable
from paramgolf.errors import ParamgolfError

JSON_WORDS = (
    b'":',
    b"1e999",
    b"NaN",
    b'"\\ud800"',
    b'"\\u001b[2J"',
    b"9" * 500,
    b"[" * 1200,
    b"null",
    b"{",
    b"-1",
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """`call(folder, data)` reads one input; what it may raise is in `errors`. `safe`: messages must suit a terminal.

    `guided`: whether atheris sees anything of it; a C++ library has no branches for it, and ends its process.
    """

    group: str
    seeds: Callable[[], Sequence[bytes]]
    call: Callable[[Path, bytes], object]
    errors: tuple[type[Exception], ...] = (ParamgolfError,)
    safe: bool = True
    words: tuple[bytes, ...] = ()
    guided: bool = True


class Unsafe(Exception):
    """A text for the terminal holds control characters or halves of characters."""


def run(target: Target, folder: Path, data: bytes) -> str:
    """Feed one input: the outcome that the call names, "ok", or the allowed error. Anything else is raised."""
    try:
        outcome = target.call(folder, data)
    except target.errors as error:
        if target.safe:
            check_safe(str(error))
        return type(error).__name__
    return outcome if isinstance(outcome, str) else "ok"


def mutate(rng: random.Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """A seed with one to five changes; one in 32 inputs is random bytes."""
    if rng.random() < 1 / 32:
        return rng.randbytes(rng.randrange(200))
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5))):
        _change(rng, data, seeds, words)
    return bytes(data)


def _change(rng: random.Random, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = _place(rng, data, words)
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 40, 400)))
    match rng.randrange(9):
        case 0 if at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        case 1 if at < len(data):
            data[at] = rng.randrange(256)
        case 2:
            data[at:at] = rng.randbytes(rng.randrange(1, 9))
        case 3:
            del data[at:end]
        case 4:
            data[at:at] = data[at:end] * rng.choice((1, 2, 50))
        case 5:
            other = rng.choice(seeds)
            data[at:] = other[rng.randrange(len(other) + 1) :]
        case 6:
            number = rng.choice((0, 1, 0x7F, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 2**63, 2**64 - 1))
            width = rng.choice((1, 2, 4, 8))
            data[at : at + width] = (number % 256**width).to_bytes(width, "little")
        case 7:
            data[at : at + rng.choice((0, 1, 4))] = rng.choice(words or (b"\0",))
        case _:
            del data[at:]


def _place(rng: random.Random, data: bytearray, words: Sequence[bytes]) -> int:
    """Anywhere, or behind a word of the format, where the fields are."""
    if (
        words
        and rng.random() < 0.5
        and (found := data.find(rng.choice(words), rng.randrange(len(data) + 1))) >= 0
    ):
        return min(len(data), found + rng.randrange(50))
    return rng.randrange(len(data) + 1)


def check_safe(text: str) -> None:
    """Raise Unsafe unless `text` can be shown on a terminal as it is."""
    if printable(text) != text:
        raise Unsafe(ascii(text)[:300])
