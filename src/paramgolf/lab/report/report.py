"""report.html: one file that says what a run measured; it loads nothing and opens offline."""

import json
from typing import Any

from markupsafe import Markup

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.common.templates import html_templates
from paramgolf.lab.report.charts import loss_chart
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import Result
from paramgolf.lab.run.summary import in_words

WIDE, NARROW = 8.6, 4.4  # inches


def write_report(folder: RunFolder, result: Result) -> None:
    """Write `folder`.report, all of it or nothing."""
    log = [json.loads(line) for line in folder.log.read_text().splitlines()]
    write_atomic(folder.report, render_report(result, log))


def render_report(result: Result, log: list[dict[str, Any]]) -> str:
    """The page; `log` holds the lines of log.jsonl. Everything but our own charts is escaped."""
    environment = html_templates("paramgolf.lab.report", ".")
    environment.filters["thousands"] = lambda number: f"{number:,.0f}"
    compared = [(folders.ARTIFACT, result.bits_per_byte), *result.compressors.items()]
    return environment.get_template("report.html.j2").render(
        result=result,
        objective=result.objective,
        value=result.objective.value(result),
        words=in_words(result),
        train_tokens=_amount(result.train_tokens),
        charts={
            name: _loss(result, log, name, width) for name, width in (("wide", WIDE), ("narrow", NARROW))
        },
        loss_words=_loss_words(result, log),
        ledger=_bars([row for row in result.ledger if row[1]]),
        compared=_bars(sorted(compared, key=lambda row: row[1])),
        settings=[(section, _rows(table)) for section, table in _sections(result)],
    )


def _loss(result: Result, log: list[dict[str, Any]], name: str, width: float) -> Markup | None:
    if len(log) < 2:
        return None
    chart = loss_chart(log, result.train_bytes_per_token, result.bits_per_byte, width=width, name=name)
    return Markup(chart)  # noqa: S704 - made of numbers only


def _loss_words(result: Result, log: list[dict[str, Any]]) -> str:
    if len(log) < 2:
        return "Too few steps for a curve."
    last, training = log[-1], result.settings["recipe"]["training"]
    sampled = training["softmax_sample"]
    estimated = f", estimated from {sampled:,} tokens of the vocabulary at a time" if sampled else ""
    return (
        f"Training loss over {last['seconds']:,.0f} seconds, {_amount(last['tokens'])} tokens and "
        f"{last['step']:,} steps, in bits per byte{estimated}; the dashed line is the score on the validation text, "
        f"{result.bits_per_byte:.3f}."
    )


def _amount(count: int) -> str:
    return f"{count / 1e6:,.1f} million" if count >= 1e6 else f"{count:,}"


def _bars(rows: list[tuple[str, Any]]) -> list[tuple[str, Any, float]]:
    """Label, value, and the length of its bar in percent."""
    longest = max(value for _, value in rows)
    return [(label, value, 100 * value / longest) for label, value in rows]


def _sections(result: Result) -> list[tuple[str, dict[str, Any]]]:
    """Settings as tables: the recipe by section, then the challenge."""
    recipe = result.settings["recipe"]
    plain = {key: value for key, value in recipe.items() if not isinstance(value, dict)}
    parts = [(key, value) for key, value in recipe.items() if isinstance(value, dict) and value]
    return [("recipe", plain), *parts, ("challenge", result.settings["challenge"])]


def _rows(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [(key, value if isinstance(value, str) else json.dumps(value)) for key, value in table.items()]
