"""What `paramgolf info` shows a person."""

from typing import Any

from rich.console import Console
from rich.table import Table


def print_description(description: dict[str, Any], console: Console) -> None:
    """Show what `paramgolf.lab.recipes.info` describes."""
    if "recipe" in description:
        _print_recipe(description, console)
    else:
        _print_artifact(description, console)


def _print_recipe(recipe: dict[str, Any], console: Console) -> None:
    console.print(f"{recipe['recipe']}: {recipe['title']}", soft_wrap=True)
    table = Table(show_footer=True)
    table.add_column("group", footer="all")
    table.add_column("parameters", justify="right", footer=f"{recipe['parameters']:,}")
    table.add_column("bits each", justify="right")
    table.add_column("bytes, expected", justify="right", footer=f"{recipe['expected_bytes']:,}")
    for group, row in recipe["groups"].items():
        bits = 8 * row["expected_bytes"] / max(row["parameters"], 1)
        table.add_row(group, f"{row['parameters']:,}", f"{bits:.2f}", f"{row['expected_bytes']:,}")
    table.add_row("code, tokenizer, zip", "", "", f"{recipe['code_and_tokenizer_bytes']:,}")
    console.print(table)
    limit, spare = recipe["artifact_limit"], recipe["artifact_limit"] - recipe["expected_bytes"]
    stands = f"{spare:,} to spare" if spare >= 0 else f"{-spare:,} too many"
    console.print(
        f"challenge {recipe['challenge']}: {limit:,} bytes allowed, {stands} by this forecast", soft_wrap=True
    )
    if recipe["fills_the_limit"]:
        console.print("packing makes all steps finer or coarser, so that the artifact fills the limit")
    console.print(f"Next: paramgolf run {recipe['recipe']} --challenge {recipe['challenge']}", soft_wrap=True)


def _print_artifact(artifact: dict[str, Any], console: Console) -> None:
    table = Table(title=artifact["artifact"], show_footer=True)
    table.add_column("member", footer="all", overflow="fold")
    table.add_column("bytes", justify="right", footer=f"{artifact['artifact_bytes']:,}")
    for name, size in artifact["members"].items():
        table.add_row(name, f"{size:,}")
    table.add_row("zip overhead", f"{artifact['zip_overhead']:,}")
    console.print(table)
    limit, size = artifact["artifact_limit"], artifact["artifact_bytes"]
    stands = "fits" if size <= limit else f"{size - limit:,} too many"
    console.print(f"challenge {artifact['challenge']}: {limit:,} bytes allowed, {stands}", soft_wrap=True)
    if artifact["parameters"] is not None:
        console.print(f"parameters: {artifact['parameters']:,}")
    console.print(f"sha256: {artifact['sha256']}", soft_wrap=True)
    if not artifact["has_entry"]:
        console.print("no entry.py: the harness cannot load this file as an artifact")
