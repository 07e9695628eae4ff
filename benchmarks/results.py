"""Writes the tables of docs/results.md anew, from recipes/measured/results.toml and figures.toml.

    python benchmarks/results.py

Runs get there by `paramgolf recipes record RUN_FOLDER`; each other figure stands in benchmarks/figures.toml with the
command that measured it.
"""

import tomllib
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean, stdev

from paramgolf.common.files import write_atomic
from paramgolf.lab.recipes.results import RecipeResult, by_game, of_an_earlier_recipe, read_results

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "results.md"
FIGURES = ROOT / "benchmarks" / "figures.toml"
BEGIN, END = "<!-- benchmarks/results.py writes {}, to the next mark -->", "<!-- end -->"


def main() -> None:
    write_atomic(PAGE, page(PAGE.read_text()).encode())


def page(text: str) -> str:
    """The page with its tables made anew; what stands outside the marks stays."""
    figures = tomllib.loads(FIGURES.read_text())["figure"]
    tables = {"runs": runs_table(read_results()), "figures": figures_tables(figures)}
    for name, table in tables.items():
        begin = BEGIN.format(name)
        before, _, rest = text.partition(begin)
        assert rest, f"docs/results.md has no mark {begin}"
        text = f"{before}{begin}\n\n{table}\n\n{END}{rest.partition(END)[2]}"
    return text


def runs_table(results: Sequence[RecipeResult]) -> str:
    """A row for each recipe, challenge, corpus and machine, best score first; runs of an older recipe are marked."""
    rows = [
        "| recipe | challenge | bits per byte | seeds | standard deviation | largest artifact | training tokens "
        "| machine | date |",
        "|---|---|--:|--:|--:|--:|--:|---|---|",
    ]
    games = [game for recipe in sorted({r.recipe for r in results}) for game in by_game(results, recipe)]
    for game in sorted(games, key=lambda game: (game[0].challenge, fmean(r.bits_per_byte for r in game))):
        rows.append(_run_row(game))
    return "\n".join(rows)


def _run_row(game: Sequence[RecipeResult]) -> str:
    first = game[0]
    bits = [r.bits_per_byte for r in game]
    cells = (
        f"`{first.recipe}`{' (an earlier version)' if of_an_earlier_recipe(first) else ''}",
        f"`{first.challenge}`",
        f"{fmean(bits):.4f}",
        str(len(bits)),
        f"{stdev(bits):.4f}" if len(bits) > 1 else "",
        f"{max(r.bytes for r in game):,} bytes",
        f"{fmean(r.train_tokens for r in game) / 1e6:.1f} million in {fmean(r.train_seconds for r in game):.0f} s",
        first.machine.replace("Intel(R) Xeon(R) Processor", "Intel Xeon"),
        max(r.date for r in game),
    )
    return f"| {' | '.join(cells)} |"


def figures_tables(figures: Sequence[dict[str, str]]) -> str:
    """A table for each machine, in the order of the file."""
    return "\n\n".join(
        "\n".join(_figure_rows(machine, list(group)))
        for machine, group in groupby(figures, lambda figure: figure["machine"])
    )


def _figure_rows(machine: str, figures: Sequence[dict[str, str]]) -> Iterator[str]:
    yield f"### {machine}\n"
    yield "| what | measured | how |\n|---|--:|---|"
    for figure in figures:
        command = f"; `{figure['command']}`" if "command" in figure else ""
        yield f"| {figure['what']} | {figure['value']} | {figure['how']}{command} |"


if __name__ == "__main__":
    main()
