"""What an ablation found: a table for people, rows for docs/experiments.md."""

from collections.abc import Callable, Sequence
from statistics import fmean

from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramgolf.lab.ablate.ablate import Ablation, Effect
from paramgolf.lab.ablate.one_run import Measured
from paramgolf.lab.ablate.paired import Paired

MARKDOWN_HEAD = (
    "| change | seeds | bits per byte | difference | 95 % interval | float32 | tokens | bytes | tokens/s | |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"
)

TOO_LARGE = "too large"  # the artifact, for the challenge's byte limit


def print_ablation(ablation: Ablation, console: Console) -> None:
    """A block for each comparison, all in one table where there are several, and what they were measured on."""
    for comparison in ablation.comparisons:
        console.print(_table(comparison, ablation.recipe))
        console.print(Text.assemble(("verdict: ", "bold"), comparison.deciding.verdict), soft_wrap=True)
        console.print()
    if len(ablation.comparisons) > 1:
        console.print(_overview(ablation))
        console.print()
    for line in in_words(ablation):
        console.print(line, soft_wrap=True)


def in_words(ablation: Ablation) -> list[str]:
    """What the figures were measured on."""
    held = ablation.held_back
    texts = "sites" if held.by_site else "documents"
    at_once = f"{ablation.at_once} at once" if ablation.at_once > 1 else "one after the other"
    return [
        f"Differences are variant minus base, seed by seed: below 0 the variant is better. Mean over "
        f"{ablation.seeds} seed{'s' * (ablation.seeds > 1)}.",
        f"Each run: {ablation.budget}, one process, {at_once}. Measured on {held.documents:,} documents "
        f"({held.bytes:,} bytes) of the training split, held back by {texts}; validation text was not read.",
    ]


def markdown(ablation: Ablation) -> str:
    """A table of docs/experiments.md: a row for each comparison, the best first."""
    return "\n".join([MARKDOWN_HEAD, *map(_markdown_row, _best_first(ablation))])


def _best_first(ablation: Ablation) -> list[Effect]:
    return sorted(ablation.comparisons, key=lambda comparison: comparison.deciding.mean)


def _overview(ablation: Ablation) -> Table:
    table = Table(
        title=f"{ablation.recipe}: all changes, the best first", title_justify="left", title_style="bold"
    )
    table.add_column("change", overflow="fold")
    for column in ("bits per byte", "difference", "\u00b1 (95 %)", "tokens/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for comparison in _best_first(ablation):
        found = comparison.deciding
        too_large = Text(
            f" ({TOO_LARGE}: by its float32 weights)" if comparison.packed is None else "", "dim"
        )
        table.add_row(
            Text(comparison.change) + too_large,
            f"{fmean(m.bits_per_byte for m in comparison.variant):.4f}",
            f"{found.mean:+.4f}",
            "one seed" if found.high is None else f"{found.high - found.mean:.4f}",
            _count(_mean([m.tokens_per_second for m in comparison.variant])),
        )
    return table


def _table(comparison: Effect, recipe: str) -> Table:
    table = Table(title=f"{recipe}: {comparison.change}", title_justify="left", title_style="bold")
    # Labels and words for numbers are short: all of it is readable in the 80 columns of a plain terminal.
    table.add_column("")
    for column in ("base", "variant", "difference", "95 % interval"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, value, found in (
        ("bits per byte", lambda m: m.packed_bits_per_byte, comparison.packed),
        ("float32 weights", lambda m: m.float_bits_per_byte, comparison.unpacked),
    ):
        table.add_row(name, *_means(comparison, value), *_difference(found))
    for name, key in (
        ("artifact bytes", "artifact_bytes"),
        ("tokens seen", "tokens"),
        ("tokens/s", "tokens_per_second"),
        ("parameters", "parameters"),
    ):
        base, variant = (
            _mean([getattr(m, key) for m in side]) for side in (comparison.base, comparison.variant)
        )
        share = "" if base is None or variant is None else f"{100 * (variant / base - 1):+.1f} %"
        table.add_row(name, *(_count(mean) for mean in (base, variant)), share.replace("-0.0", "+0.0"), "")
    return table


def _means(comparison: Effect, value: Callable[[Measured], float | None]) -> list[str]:
    means = (_mean([value(m) for m in side]) for side in (comparison.base, comparison.variant))
    return [TOO_LARGE if mean is None else f"{mean:.4f}" for mean in means]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _count(mean: float | None) -> str:
    return TOO_LARGE if mean is None else f"{mean:,.0f}"


def _difference(found: Paired | None) -> tuple[str, str]:
    return ("", "") if found is None else (f"{found.mean:+.4f}", interval(found))


def interval(found: Paired) -> str:
    """The 95 % interval, or why there is none."""
    if found.low is None or found.high is None:
        return "one seed"
    return f"{found.low:+.4f} to {found.high:+.4f}"


def _markdown_row(comparison: Effect) -> str:
    found = comparison.deciding
    tokens, speed = (
        _mean([getattr(m, key) for m in comparison.variant]) for key in ("tokens", "tokens_per_second")
    )
    cells = [
        f"`{comparison.change}`",
        str(len(comparison.variant)),
        f"{fmean(m.bits_per_byte for m in comparison.variant):.4f}",
        f"{found.mean:+.4f}",
        interval(found),
        f"{comparison.unpacked.mean:+.4f}",
        _count(tokens),
        _count(_mean([m.artifact_bytes for m in comparison.variant])),
        _count(speed),
        found.verdict,
    ]
    return f"| {' | '.join(cells)} |"
