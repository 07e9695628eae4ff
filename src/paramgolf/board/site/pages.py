"""The pages: what each template is given. Templates escape everything; what comes as markup is made in this package."""

import math
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment

from paramgolf.board.ledger.entry_papers import Curve
from paramgolf.board.ranking.standings import Row, Standings, Status
from paramgolf.board.site import words
from paramgolf.board.site.addresses import addresses
from paramgolf.board.site.chart_svg import curves_chart, mean, progression_chart, seeds_chart
from paramgolf.board.site.feeds import atom_feed, board_json, entry_json
from paramgolf.board.site.lineage_svg import lineage, lineage_chart
from paramgolf.board.site.markdown import render_markdown
from paramgolf.board.site.parallel import in_processes
from paramgolf.board.site.table import Group, behind, groups_of
from paramgolf.challenge import BITS_PER_BYTE, Challenge, challenge_names, load_challenge, objective_of
from paramgolf.common import folders
from paramgolf.common.templates import html_templates
from paramgolf.judge.rule import Rule
from paramgolf.judge.rules.registry import rulebook
from paramgolf.judge.verdict import Finding, Outcome, Verdict, verdict_json

STATIC = ("site.css", "theme.js", "board.js")
MOST_CURVES, MOST_CURVE_POINTS = 8, 160
# What a reader sees of a status: a sign beside the word, so that no meaning is in a colour alone.
SIGNS = {
    Status.RECORD: "★",
    Status.FORMER_RECORD: "☆",
    Status.SHORT_OF_RECORD: "✓",
    Status.NON_RECORD: "✓",
    Status.UNDECIDED: "?",
    Status.INVALID: "✕",
    Status.WAITING: "…",
    Status.HISTORY: "◌",
}
MEANINGS = {
    Status.RECORD: "The standing record of its challenge and track: judged valid, and the record gate opened.",
    Status.FORMER_RECORD: "Was the record, and was beaten later.",
    Status.SHORT_OF_RECORD: "Judged valid and entered as a record, but the gate did not open.",
    Status.NON_RECORD: "Judged valid; it was not entered as a record.",
    Status.UNDECIDED: "The judge could not decide every rule that must be decided.",
    Status.INVALID: "Broke a rule, or was ruled invalid later. It has no place.",
    Status.WAITING: "Submitted, not judged yet.",
    Status.HISTORY: "From the public game's own table. Nothing of it was run or verified here.",
}


def site_files(standings: Standings, *, title: str, base_url: str | None) -> Iterator[tuple[str, bytes]]:
    """Every file of the site with its path, in the order in which they may be put in place."""
    site = _Site(standings, title)
    for files in in_processes(site.entry, standings.rows):
        yield from files
    shared = {
        "board.json": board_json(standings, title, site.links),
        "feed.xml": atom_feed(standings, title, site.links, base_url),
    }
    for name in STATIC:
        shared[name] = (resources.files("paramgolf.board.site") / "static" / name).read_text("utf-8")
    for path, text in {**shared, **site.front()}.items():
        yield path, _bytes(text)


def _bytes(text: str) -> bytes:
    # What strangers wrote may hold halves of characters, which no encoding knows.
    return text.encode("utf-8", "replace")


@dataclass
class _Site:
    """All pages share these tables."""

    standings: Standings
    title: str

    def __post_init__(self) -> None:
        rows = self.standings.rows
        self.rows = {row.entry: row for row in rows}
        self.folders = addresses(self.rows)
        self.links = {entry: f"entries/{folder}/index.html" for entry, folder in self.folders.items()}
        self.groups = groups_of(self.standings)
        self.group_of = {row.entry: group for group in self.groups for row in group.rows}
        self.parents: dict[str, tuple[str, ...]] = {row.entry: row.parents for row in rows}
        self.children: dict[str, list[str]] = {}
        for row in rows:
            for parent in row.parents:
                self.children.setdefault(parent, []).append(row.entry)
        known = challenge_names()
        # A name that is a path would be read as one.
        self.challenges = {
            name: load_challenge(name) if name in known else None
            for name in dict.fromkeys(group.challenge for group in self.groups)
        }

        self.shared = {
            "site_title": self.title,
            "made_at": self.standings.made_at,
            "links": self.links,
            "rows": self.rows,
            "objectives": tuple({g.objective.name: g.objective for g in self.groups}.values())
            or (BITS_PER_BYTE,),
        }

    def render(self, template: str, **values: Any) -> str:
        return _templates().get_template(template).render(**self.shared, **values)

    def front(self) -> dict[str, str]:
        """The pages at the root; the table's further rows are a file of their own where there are many."""
        whole = all(group.shown == len(group.rows) for group in self.groups)
        shared = {
            "groups": self.groups,
            "statuses": [s for s in Status if any(row.status is s for row in self.standings.rows)],
            "challenges": self.challenges,
            "total": len(self.standings.rows),
            "root": "",
        }
        files = {"rules.html": self.render("rules.html", **self._rules(), root="")}
        files["challenges.html"] = self.render(
            "challenges.html", groups=self.groups, cards=self._cards(), charts=self._charts(), root=""
        )
        if not whole:
            files["rows.js"] = self.render("rows.js", groups=self.groups, root="")
            files["all.html"] = self.render("all.html", whole=True, **shared)
        lead = max(self.groups, key=lambda group: len(group.records), default=None)
        lead = lead if lead and len(lead.records) > 1 else None
        counts = {status: sum(r.status is status for r in self.standings.rows) for status in SIGNS}
        files["index.html"] = self.render(
            "index.html",
            whole=whole,
            lead=lead,
            charts=self._charts(only=lead),
            counts=counts,
            standing=[row for row in self.standings.rows if row.status is Status.RECORD],
            **shared,
        )
        return files

    def _cards(self) -> list[tuple[str, Challenge | None, list[Group]]]:
        """Every challenge of the catalogue and of the board, those with entries first."""
        names = [*self.challenges, *(name for name in challenge_names() if name not in self.challenges)]
        return [
            (
                name,
                self.challenges[name] if name in self.challenges else load_challenge(name),
                [group for group in self.groups if group.challenge == name],
            )
            for name in names
        ]

    def _charts(self, only: Group | None = None) -> dict[int, Mapping[str, Any]]:
        """By group, wide and narrow."""
        groups = [only] if only else [group for group in self.groups if len(group.records) > 1]
        return {
            group.number: {
                size: progression_chart(group.records, self.links, width=width, name=f"{size}{group.number}")
                for size, width in (("wide", 1060), ("narrow", 380))
            }
            for group in groups
        }

    def _rules(self) -> dict[str, Any]:
        broken: dict[str, list[Row]] = {}
        for row in self.standings.rows:
            for number in sorted({f.rule for f in row.verdict.failed} if row.verdict else ()):
                broken.setdefault(number, []).append(row)
        named = [(name, challenge) for name, challenge in self.challenges.items() if challenge]
        named = named or [(name, load_challenge(name)) for name in challenge_names()]
        rules = rulebook()
        limits = {rule.number: _limits(rule, named) for rule in rules}
        return {
            "rules": rules,
            "limits": limits,
            "challenges": named,
            "broken": broken,
            "meanings": MEANINGS,
        }

    def entry(self, row: Row) -> list[tuple[str, bytes]]:
        """The files of one entry."""
        folder = f"entries/{self.folders[row.entry]}"
        files = [
            ("entry.json", entry_json(row, self.links[row.entry])),
            ("index.html", self._entry_page(row)),
        ]
        if row.verdict:
            files.insert(0, (folders.VERDICT, verdict_json(row.verdict)))
        return [(f"{folder}/{name}", _bytes(text)) for name, text in files]

    def _entry_page(self, row: Row) -> str:
        relatives = lineage(row.entry, self.parents, self.children)
        chart = None
        if len(relatives.columns) > 1:
            chart = lineage_chart(
                relatives, self.rows, self.parents, lambda name: f"../../{self.links[name]}"
            )
        compared = self.rows.get(row.gate.compared_with or "") if row.gate else None
        curves = _drawable(row.curves)
        return self.render(
            "entry.html",
            root="../../",
            row=row,
            challenge=self.challenges[row.challenge],
            group=self.group_of[row.entry],
            link=words.web_address(row.link),
            write_up=render_markdown(row.readme) if row.readme.strip() else None,
            findings=_findings(row.verdict) if row.verdict else [],
            counts=_counts(row.verdict),
            compared=compared,
            mean=mean,
            seeds=seeds_chart(row, compared if compared and compared.seed_scores else None, name="seeds")
            if len(row.seed_scores) > 1 and all(words.finite(v) is not None for _, v in row.seed_scores)
            else None,
            curves=curves,
            curves_picture=curves_chart(curves, name="curves") if curves else None,
            ledger_total=sum(size for _, size in row.byte_ledger),
            lineage=relatives,
            lineage_picture=chart,
            command=f"paramgolf verify {shlex.quote(f'entries/{row.entry}')}",
        )


@cache
def _templates() -> Environment:
    environment = html_templates("paramgolf.board.site", "templates")
    for function in (
        words.day,
        words.minute,
        words.score,
        words.deviation,
        words.thousands,
        words.p_value,
        words.shortened,
    ):
        environment.filters[function.__name__] = function
    environment.globals.update(
        Status=Status, signs=SIGNS, plural=words.plural, behind=behind, objective_of=objective_of
    )
    return environment


def _limits(rule: Rule, challenges: list[tuple[str, Challenge]]) -> list[tuple[str, str]]:
    """By challenge; once, without a name, where all have the same."""
    limits = [(name, rule.limit_in(challenge)) for name, challenge in challenges]
    return [("", limits[0][1])] if len({limit for _, limit in limits}) == 1 else limits


def _findings(verdict: Verdict) -> list[tuple[str, list[Finding]]]:
    """Of the entry, then seed by seed; what failed first, since that is what a reader looks for."""
    order = {Outcome.FAIL: 0, Outcome.UNDECIDED: 1, Outcome.PASS: 2}
    seeds: list[int | None] = [None, *sorted({f.seed for f in verdict.findings if f.seed is not None})]
    found: list[tuple[str, list[Finding]]] = []
    for seed in seeds:
        findings = [finding for finding in verdict.findings if finding.seed == seed]
        if findings:
            name = "The entry" if seed is None else f"Seed {seed}"
            found.append((name, sorted(findings, key=lambda f: (order[f.outcome], f.rule))))
    return found


def _counts(verdict: Verdict | None) -> dict[str, int]:
    findings = verdict.findings if verdict else ()
    return {outcome.value: sum(f.outcome is outcome for f in findings) for outcome in Outcome}


def _drawable(curves: tuple[Curve, ...]) -> list[Curve]:
    """The first curves of one unit, thinned out to what a picture shows, without points that are no numbers."""
    found: list[Curve] = []
    for curve in curves[:MOST_CURVES]:
        points = [
            *curve.points[: -1 : max(1, -(-len(curve.points) // MOST_CURVE_POINTS))],
            *curve.points[-1:],
        ]
        points = [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]
        units = (curve.x_unit, curve.y_unit)
        if len(points) > 1 and (not found or units == (found[0].x_unit, found[0].y_unit)):
            found.append(Curve(label=curve.label, x_unit=units[0], y_unit=units[1], points=tuple(points)))
    return found
