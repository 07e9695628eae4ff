"""When two printed numbers are the same number, and how a list is shown."""

MOST_DECIMALS = 8
FEWEST_DECIMALS = 3


def half_a_unit(value: float, decimals: int | None = None) -> float:
    """Half of the last printed place of a number: what rounding may have moved it by."""
    if decimals is None:
        decimals = (
            len(repr(float(value)).partition(".")[2]) if "e" not in repr(float(value)) else MOST_DECIMALS
        )
    return 0.5 * 10.0 ** -min(max(decimals, FEWEST_DECIMALS), MOST_DECIMALS)


def listed(items: list[str], most: int = 5) -> str:
    """A few of them, and how many more."""
    rest = len(items) - most
    return "; ".join(items[:most]) + (f"; and {rest} more" if rest > 0 else "")
