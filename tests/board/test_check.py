"""The check finds what was changed behind the ledger's back, and says what to do."""

import hashlib

import pytest
from board_factory import BETTER, add_entry

from paramgolf.board.check import check
from paramgolf.board.ledger.events import FIRST_CHAIN, chained
from paramgolf.board.ledger.journal import event_line
from paramgolf.board.ledger.ledger import RANKING_CACHE, Ledger
from paramgolf.board.ranking.cache import RankingCache
from paramgolf.board.ranking.ranking import settle

FIRST_FILE = "00000001.jsonl"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "board"
    ledger = Ledger(path, create=True)
    add_entry(ledger, tmp_path / "first")
    add_entry(ledger, tmp_path / "second", BETTER)
    settle(ledger)
    return path


def lines(path):
    return (path / "journal" / FIRST_FILE).read_bytes().splitlines(keepends=True)


def write_lines(path, new):
    (path / "journal" / FIRST_FILE).write_bytes(b"".join(new))


def test_a_sound_ledger_has_no_problems_and_ends_in_its_head(path):
    checked = check(path)
    ledger = Ledger(path)
    assert checked.head == ledger.events()[-1].chain
    assert (checked.problems, checked.events, checked.unnamed) == ((), 6, 0)


def edited(number, old, new):
    return lambda lines: [line.replace(old, new) if n == number else line for n, line in enumerate(lines, 1)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (edited(2, b'"why":"judged"', b'"why":"otherwise"'), "event 2, on first, was changed"),
        (edited(3, b'"at":"2', b'"at":"1'), "event 3, on second, was changed"),
        (edited(1, b'"record":true', b'"record":false'), "event 1, on first, was changed"),
        (lambda lines: [lines[0], *lines[2:]], "event 2 is missing"),
        (lambda lines: lines[:-1], "does not say this of second"),
        (lambda lines: [*lines[:-1], lines[-1][:-20]], "ends in half a line, after event 5"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "event 2 is missing"),
        (lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], "carriage return"),
    ],
)
def test_what_was_changed_shows(path, change, found):
    before = lines(path)
    write_lines(path, change(before))
    assert lines(path) != before
    problems = check(path).problems
    assert any(found in problem.what for problem in problems)
    assert all(problem.mend for problem in problems)


def test_a_rewritten_chain_still_cannot_say_what_could_not_happen(path):
    """Who has the file can also hash it anew; then the verdict that a record hangs on has to be there."""
    events, forged = Ledger(path).events()[1:], []
    for event in events:
        before = forged[-1].chain if forged else FIRST_CHAIN
        said = {"at": event.at, "who": event.who, "why": event.why}
        forged.append(chained(event.body, number=len(forged) + 1, before=before, **said))
    write_lines(path, map(event_line, forged))
    assert any("could not happen" in problem.what for problem in check(path).problems)


def test_a_name_that_is_no_file_of_the_journal_shows(path):
    (path / "journal" / "00000001.jsonl.orig").write_bytes(b"")
    (problem,) = check(path).problems
    assert "00000001.jsonl.orig" in problem.what


@pytest.mark.parametrize("spoil", [lambda p: p.unlink(), lambda p: p.write_bytes(b"other")])
def test_a_missing_or_changed_file_shows(path, spoil):
    ledger = Ledger(path)
    verdict = ledger.events()[1].body.verdict_sha256
    spoil(path / "store" / verdict[:2] / verdict)
    (problem,) = check(path).problems
    assert verdict in problem.what
    assert "Bring that file" in problem.mend


def test_a_file_that_no_event_names_is_counted_and_no_problem(path):
    ledger = Ledger(path)
    assert ledger.store.put(b"left by a crash") == hashlib.sha256(b"left by a crash").hexdigest()
    assert (check(path).unnamed, check(path).problems) == (1, ())


def test_a_ranking_that_was_never_written_down_shows(path, tmp_path):
    ledger = Ledger(path)
    add_entry(ledger, tmp_path / "third")
    (problem,) = check(path).problems
    assert "third: ranked" in problem.what
    assert "board init" in problem.mend
    ledger = Ledger(path)
    settle(ledger)
    assert check(path).problems == ()


def test_what_a_ranking_kept_is_not_believed(path):
    """Who can write a cache can also make a ranking write what it says: the check reads the verdicts themselves."""
    kept = RankingCache(path / RANKING_CACHE)
    for key, value in kept._found.items():
        kept._used[key] = value | ({"decision": "not a record"} if key.startswith("gate") else {})
    kept.save()
    assert settle(Ledger(path)) != ()
    assert any("does not say this of second" in problem.what for problem in check(path).problems)
    (path / RANKING_CACHE).unlink()
    settle(Ledger(path))
    assert check(path).problems == ()
