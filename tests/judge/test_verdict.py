"""A verdict reads back as it was written, stands as its findings say, and shows nothing that could be injected."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from paramgolf.errors import UsageError
from paramgolf.judge.verdict import (
    Finding,
    Outcome,
    SeedScore,
    Validity,
    Verdict,
    read_verdict,
    standing_of,
    verdict_json,
    write_verdict,
)
from paramgolf.judge.verdict_page import verdict_page
from paramgolf.judge.verdict_table import print_verdict


def finding(rule: str, outcome: Outcome, seed: int | None = 0) -> Finding:
    return Finding(
        rule=rule,
        name="a rule",
        outcome=outcome,
        measured="<script>alert(1)</script> [red]x",
        limit="3",
        evidence="[bold]&evidence",
        mend="mend <b>it</b>",
        seed=seed,
    )


VERDICT = Verdict(
    entry="mine",
    title="<img src=x> [blink]title",
    challenge="local",
    rules_version=1,
    track="fixed",
    record=True,
    standing=Validity.INVALID,
    depth="full",
    findings=(
        finding("R01", Outcome.PASS, None),
        finding("R02", Outcome.FAIL),
        finding("R03", Outcome.UNDECIDED),
    ),
    scores=(
        SeedScore(
            seed=0,
            artifact_sha256="0" * 64,
            artifact_bytes=10,
            bits_per_byte=2.0,
            bits=16.0,
            text_bytes=8,
            score_seconds=1.5,
        ),
    ),
    documents_sha256="1" * 64,
    environment={"python": "3.11"},
    judged_at="2026-01-01T00:00:00+00:00",
    seconds=3.0,
)


def test_it_reads_back_as_it_was_written(tmp_path):
    write_verdict(tmp_path / "verdict.json", VERDICT)
    assert read_verdict(tmp_path / "verdict.json") == VERDICT


def test_it_says_which_seed_was_trained_again_and_what_came_of_it(tmp_path):
    again = replace(VERDICT, findings=(*VERDICT.findings, finding("R14", Outcome.PASS)), trained_again=0)
    write_verdict(tmp_path / "verdict.json", again)
    assert read_verdict(tmp_path / "verdict.json") == again
    assert "Seed 0 was trained again from its recipe: pass, &lt;script&gt;" in verdict_page(again)
    out = io.StringIO()
    print_verdict(again, Console(file=out, width=160, markup=False))
    assert "; seed 0 trained again;" in out.getvalue().splitlines()[-1]


def test_a_verdict_without_it_has_the_bytes_that_it_had_before_there_was_such_a_line():
    assert "trained_again" not in verdict_json(VERDICT)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_what_is_no_verdict_says_how_to_make_one(tmp_path, content):
    path = tmp_path / "verdict.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="paramgolf verify"):
        read_verdict(path)


@pytest.mark.parametrize(
    ("outcomes", "standing"),
    [
        ({"R02": Outcome.PASS, "R13": Outcome.UNDECIDED}, Validity.VALID),
        ({"R02": Outcome.UNDECIDED}, Validity.UNDECIDED),
        ({"R13": Outcome.PASS}, Validity.UNDECIDED),
        ({"R02": Outcome.PASS, "R13": Outcome.FAIL}, Validity.INVALID),
        ({"R02": Outcome.UNDECIDED, "R13": Outcome.FAIL}, Validity.INVALID),
    ],
)
def test_it_stands_as_its_findings_say(outcomes, standing):
    findings = tuple(finding(rule, outcome) for rule, outcome in outcomes.items())
    assert standing_of(findings, required=frozenset({"R02"})) is standing


def test_undecided_for_one_seed_is_undecided_for_all():
    findings = (finding("R02", Outcome.PASS, 0), finding("R02", Outcome.UNDECIDED, 1))
    assert standing_of(findings, required=frozenset({"R02"})) is Validity.UNDECIDED


def test_the_page_escapes_what_strangers_wrote_and_runs_nothing():
    page = verdict_page(VERDICT)
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in page
    assert "2.0000" in page


def test_the_table_shows_markup_as_text_and_ends_with_the_verdict():
    out = io.StringIO()
    print_verdict(VERDICT, Console(file=out, width=160, markup=False))
    lines = out.getvalue().splitlines()
    assert "[blink]title" in lines[0]
    assert any("R02 a rule: [bold]&evidence" in line for line in lines)
    assert lines[-1].startswith("invalid  2.0000 bits per byte over 1 seed; undecided: R03")


@pytest.mark.parametrize("character", ["\u009b", "\x1b", "\u202e", "\u2066", "\u200b"])
def test_what_drives_a_terminal_or_hides_is_not_printed(character):
    out = io.StringIO()
    finding = replace(
        VERDICT.findings[1], evidence=f"e{character}", measured=f"m{character}", mend=f"f{character}"
    )
    title = f"mine {character} title"
    print_verdict(
        replace(VERDICT, title=title, findings=(finding,)), Console(file=out, width=160, markup=False)
    )
    assert character not in out.getvalue()


def test_a_valid_one_needs_no_fix():
    out = io.StringIO()
    valid = replace(VERDICT, standing=Validity.VALID, findings=VERDICT.findings[:1])
    print_verdict(valid, Console(file=out, width=160, markup=False))
    assert "fix:" not in out.getvalue()
