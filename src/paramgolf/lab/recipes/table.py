"""What `paramgolf recipes` and `paramgolf recipes show` show a person."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from paramgolf.lab.recipes.lines import Line, lines_of
from paramgolf.lab.recipes.results import RecipeResult, by_game, in_words, of_an_earlier_recipe, read_results
from paramgolf.train.recipe.recipe import Recipe

WIDTH_OF_VALUES = 15


def print_recipes(recipes: Sequence[Recipe], results: Sequence[RecipeResult], console: Console) -> None:
    """Name, title and results of each recipe: as it is now, or as it was where nothing newer was measured."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for recipe in recipes:
        games = by_game(results, recipe.name)
        of_now = [game for game in games if not of_an_earlier_recipe(game[0])]
        lines = [in_words(game) for game in of_now or games] or ["no proven run yet"]
        table.add_row(
            Text(recipe.name, "bold"), Text.assemble(recipe.title, ("\n" + "\n".join(lines), "dim"))
        )
    console.print(table)
    console.print("\nLine by line, and all that was measured: paramgolf recipes show NAME")


def print_recipe(recipe: Recipe, console: Console, *, everything: bool) -> None:
    """Each line of a recipe with its default and its meaning; without `everything`, those that are no defaults."""
    console.print(Text.assemble((recipe.name, "bold"), f": {recipe.title}"), soft_wrap=True)
    for game in by_game(read_results(), recipe.name):
        console.print(in_words(game), soft_wrap=True)
    lines = [line for line in lines_of(recipe) if line.key != "title"]
    shown = [line for line in lines if everything or not line.is_default]
    explained: set[str] = set()
    for section, of in groupby(shown, lambda line: line.section):
        console.print(f"\n[{section}]" if section else "", style="bold")
        console.print(_table(list(of), explained))
    left = len(lines) - len(shown)
    if left:
        console.print(
            f"\n{left} other fields have their defaults: paramgolf recipes show {recipe.name} --all"
        )
    console.print(f"Try a change: paramgolf ablate {recipe.name} --with KEY=VALUE", soft_wrap=True)


def _table(lines: list[Line], explained: set[str]) -> Table:
    """Of lines with the same explanation, as groups of weights have them, the first alone tells it."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=True)
    table.add_column(min_width=22, no_wrap=True)
    table.add_column(min_width=WIDTH_OF_VALUES, max_width=2 * WIDTH_OF_VALUES, overflow="fold")
    table.add_column(ratio=1)
    for line in lines:
        default = "" if line.is_default else f"Default: {line.default}."
        meaning = "" if line.explanation in explained else f"{_sentence(line.explanation)} "
        explained.add(line.explanation)
        table.add_row(
            Text(line.key, style="bold"),
            line.value,
            Text.assemble(meaning, (default, "dim")),
        )
    return table


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) or not text else f"{text}."
