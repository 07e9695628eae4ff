"""A comment says the verdict, and a stranger's words in it stay words."""

import re

import pytest
from bare_game import verdict_by_hand
from hypothesis import given, settings
from hypothesis import strategies as st

from paramgolf.board.pulls.comment import LONGEST_COMMENT, MARKER, refusal_comment, text, verdict_comment
from paramgolf.judge.verdict import Finding, Outcome, Validity

SHA = "a" * 40


def finding(**changes):
    values = {
        "rule": "R06",
        "name": "causality",
        "outcome": Outcome.FAIL,
        "measured": "0.31 nats gained",
        "limit": "0.02 nats",
        "evidence": "the blind audit",
        "mend": "Look at the past alone.",
    }
    return Finding(**(values | changes))


def outside_code(markdown):
    """What is left of Markdown when its code spans are taken out."""
    return re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown, flags=re.DOTALL)


def test_it_says_standing_score_rules_and_how_to_repeat_it():
    verdict = verdict_by_hand("mine", scores=(1.0, 1.1), standing=Validity.INVALID, findings=(finding(),))
    comment = verdict_comment(verdict, pull=7, sha=SHA)
    assert comment.startswith(MARKER)
    for part in (
        "`mine` is not valid",
        "**1.0500 bits per byte** over 2 seeds",
        "- **R06 causality**: the blind audit. Look at the past alone.",
        "| R06 causality | **FAIL** | 0.31 nats gained | 0.02 nats |",
        "git fetch origin refs/pull/7/head",
        "paramgolf verify entries/mine --challenge small-game",
        f"`{SHA}`",
    ):
        assert part in comment


def test_a_rule_that_was_not_decided_is_called_so():
    found = finding(rule="R11", name="proof", outcome=Outcome.UNDECIDED, measured="", limit="the same bytes")
    comment = verdict_comment(verdict_by_hand("mine", findings=(found,)), pull=7, sha=SHA)
    assert "| R11 proof | undecided |  | the same bytes |" in comment


def test_it_says_what_training_a_seed_again_came_to():
    found = finding(rule="R14", outcome=Outcome.PASS, measured="1.0 entered, 1.0 trained again", seed=3)
    comment = verdict_comment(verdict_by_hand("mine", findings=(found,), trained_again=3), pull=7, sha=SHA)
    assert "Seed 3 was trained again from its recipe: pass, 1.0 entered, 1.0 trained again." in comment


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone look",
        "<img src=x onerror=alert(1)>",
        "[click](https://evil.example)",
        "![](https://evil.example/x.png)",
        "https://evil.example",
        "www.evil.example",
        "fixes #1",
        "GH-1",
        "deadbeefdeadbeef",
        "``` \n# heading",
        "`ends` the `span",
        "a | b | c",
        "<!-- hides",
        "\u202e reversed \x1b[31m",
        "&lt;b&gt;",
        "~~~",
    ],
)
def test_a_strangers_words_stay_words(hostile):
    shown = text(hostile)
    left = outside_code(shown)
    assert not re.search(r"[@<>\[\]!#|`&~*_\\]|//|www|GH-|[0-9a-f]{7}", left)
    assert "|" not in shown
    assert shown.isprintable()


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_outside_code_spans_only_harmless_letters_are_left(words):
    assert re.fullmatch(r"[A-Za-z0-9.,:;%()/+=' -]*", outside_code(text(words)))


def test_a_table_keeps_its_columns_whatever_is_in_it():
    verdict = verdict_by_hand("mine", findings=(finding(measured="a | b\n\n| c", evidence="`|`"),))
    rows = [
        line for line in verdict_comment(verdict, pull=1, sha=SHA).splitlines() if line.startswith("| R06")
    ]
    assert [row.count("|") for row in rows] == [5]


def test_a_comment_of_many_findings_fits_and_has_the_failures_first():
    passes = [finding(outcome=Outcome.PASS, seed=i, measured="@" * 200, limit="@" * 200) for i in range(500)]
    comment = verdict_comment(verdict_by_hand("mine", findings=(*passes, finding(seed=999))), pull=1, sha=SHA)
    assert len(comment) < LONGEST_COMMENT
    assert comment.index("seed 999") < comment.index("<details>") < comment.index("seed 0 ")
    assert re.search(r"\d+ more rows are in verdict.json", comment)


def test_a_refusal_names_what_and_invites_again():
    comment = refusal_comment("touches 'src/@evil', '<b>'", sha=SHA)
    assert "Not judged" in comment
    assert "`'src/@evil'`, `'<b>'`" in comment
