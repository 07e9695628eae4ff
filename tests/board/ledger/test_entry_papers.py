"""What is drawn of a stranger's papers."""

import json

from board_factory import make_entry
from hypothesis import given
from hypothesis import strategies as st

from paramgolf.board.ledger.entry_papers import MOST_GROUPS, MOST_POINTS, papers_json, papers_of, parse_papers
from paramgolf.judge.entry import read_entry


def drawn(tmp_path, log=None, result=None):
    entry = read_entry(make_entry(tmp_path / "mine", scores={0: 1.2}))
    return papers_of(entry, lambda path: {"seeds/0/log.jsonl": log, "seeds/0/result.json": result}[path])


def test_a_long_log_is_thinned_to_its_means(tmp_path):
    lines = [json.dumps({"seconds": n, "loss": 3 + n % 2}) for n in range(1, 3001)]
    (curve,) = drawn(tmp_path, "\n".join(lines).encode()).curves
    assert len(curve.points) == MOST_POINTS
    assert curve.points[-1] == (3000, 3.5)
    assert curve.points == tuple(sorted(curve.points))


def test_the_byte_ledger_is_what_the_result_says(tmp_path):
    shown = drawn(tmp_path, result=b'{"ledger": [["code", 5], ["weights", 7]], "other": 1}')
    assert shown.byte_ledger == (("code", 5), ("weights", 7))
    assert parse_papers(papers_json(shown).encode()) == shown


@given(
    log=st.binary(max_size=300)
    | st.from_regex(rb'(\{"seconds": [0-9e]{1,400}, "loss": (NaN|1|-?Infinity|\[{9})\}\n){1,3}'),
    result=st.binary(max_size=200)
    | st.sampled_from([b"[" * 100_000, b'{"ledger": {}}', b'{"ledger": [1, ["a"], ["a", -1]]}']),
)
def test_nonsense_draws_little_and_breaks_nothing(tmp_path_factory, log, result):
    shown = drawn(tmp_path_factory.getbasetemp(), log, result)
    assert parse_papers(papers_json(shown).encode()) == shown
    assert all(abs(y) < 1e12 for curve in shown.curves for _, y in curve.points)


def test_a_ledger_of_many_groups_is_cut(tmp_path):
    rows = [[f"group {n}", n] for n in range(1000)]
    assert len(drawn(tmp_path, result=json.dumps({"ledger": rows}).encode()).byte_ledger) == MOST_GROUPS
