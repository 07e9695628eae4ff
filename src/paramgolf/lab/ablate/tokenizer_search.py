"""Which tokenizer a recipe should have: by bits per byte of short runs, never by counts of tokens."""

from collections.abc import Iterable, Sequence
from statistics import fmean

from rich.console import Console
from rich.table import Table

from paramgolf.errors import UsageError
from paramgolf.lab.ablate.ablate import Ablation, Effect
from paramgolf.lab.ablate.one_run import Measured
from paramgolf.lab.ablate.table import in_words, interval
from paramgolf.lab.ablate.variants import Variant, table_of
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.recipe.recipe import Recipe, TokenizerRecipe


def candidates_of(
    recipe: Recipe, vocabularies: Sequence[int], kinds: Sequence[str], cases: Sequence[bool]
) -> list[Variant]:
    """The recipe with every other tokenizer asked for.

    Raises:
        ConfigError: a vocabulary or a kind that a recipe cannot have.
        UsageError: none is another tokenizer than the recipe's own.
    """
    tables = ({"kind": k, "vocab_size": v, "case": c} for k in kinds for v in vocabularies for c in cases)
    recipes = [recipe_from(table_of(recipe) | {"tokenizer": t}, recipe.name, "candidate") for t in tables]
    found = {r.tokenizer: r for r in recipes if r.tokenizer != recipe.tokenizer}
    if not found:
        raise UsageError(
            f"the only candidate is the recipe's own tokenizer, {name_of(recipe.tokenizer)}. Give other --vocab, "
            "--kinds or --case."
        )
    return [Variant(label=name_of(tokenizer), recipe=changed) for tokenizer, changed in found.items()]


def name_of(tokenizer: TokenizerRecipe) -> str:
    """A tokenizer in a few words: "unigram 2048, case"."""
    return f"{tokenizer.kind} {tokenizer.vocab_size}{', case' if tokenizer.case else ''}"


def print_search(ablation: Ablation, own: TokenizerRecipe, console: Console) -> None:
    """A row for each tokenizer, the best first, and which one to take."""
    table = Table(title=f"tokenizers for {ablation.recipe}", title_justify="left", title_style="bold")
    for column in (
        "tokenizer",
        "tokens/byte",
        "packed",
        "tokens/s",
        "bits per byte",
        "difference",
        "95 % interval",
    ):
        table.add_column(column, justify="left" if column == "tokenizer" else "right", no_wrap=True)
    ranked = sorted(ablation.comparisons, key=lambda comparison: comparison.deciding.mean)
    bases = [measured for comparison in ranked for measured in comparison.base]
    rows = [(c.deciding.mean, [c.change, *_figures(c.variant), *_difference(c)]) for c in ranked]
    rows.append((0.0, [f"{name_of(own)} (own)", *_figures(bases), "", ""]))
    for _, row in sorted(rows, key=lambda item: item[0]):
        table.add_row(*row)
    console.print(table)
    for line in [*in_words(ablation), _advice(ranked[0], own)]:
        console.print(line, soft_wrap=True)


def _figures(measured: Iterable[Measured]) -> list[str]:
    runs = list(measured)
    return [
        f"{fmean(1 / m.bytes_per_token for m in runs):.4f}",
        f"{fmean(m.tokenizer_bytes for m in runs):,.0f}",
        f"{fmean(m.tokens_per_second for m in runs):,.0f}",
        f"{fmean(m.bits_per_byte for m in runs):.4f}",
    ]


def _difference(comparison: Effect) -> list[str]:
    found = comparison.deciding
    return [f"{found.mean:+.4f}", interval(found)]


def _advice(best: Effect, own: TokenizerRecipe) -> str:
    found = best.deciding
    if found.mean >= 0:
        return f"Best: {name_of(own)}, the recipe's own."
    surely = "" if found.high is not None and found.high < 0 else f" But: {found.verdict}."
    return f"Best: {best.change}, {-found.mean:.4f} bits per byte below the recipe's own.{surely}"
