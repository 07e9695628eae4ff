"""TOML: a stranger's, read within limits; and a value as TOML has it."""

import json
import tomllib
from typing import Any

# tomllib takes time and memory that grow with the square of a key's parts: 64 KiB of them took 65 s and 4 GB.
MOST_DOTS_A_LINE = 200
# What stands for None, which TOML has not.
UNSET = "none"


def parse_toml(data: bytes) -> dict[str, Any]:
    """The table in `data`, whose length the caller has limited.

    Raises:
        ValueError: it is no TOML, is nested too deep, or has a line of more than MOST_DOTS_A_LINE dots.
    """
    if max(line.count(b".") for line in [b"", *data.splitlines()]) > MOST_DOTS_A_LINE:
        raise ValueError(f"a line has more than {MOST_DOTS_A_LINE} dots; write shorter keys")
    try:
        return tomllib.loads(data.decode())
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def in_toml(value: Any) -> str:
    """A value in the words of TOML, near enough: None, which TOML has not, is UNSET, a table is its default."""
    if value is None:
        return UNSET
    return "default" if isinstance(value, dict) else json.dumps(value)
