"""What a ranking keeps for the next one: less is read, and nothing else changes."""

import os

import pytest
from board_factory import BETTER, CHALLENGE, add_entry, filled_ledger, make_verdict

from paramgolf.board.intake.intake import add_verdict
from paramgolf.board.ledger.ledger import RANKING_CACHE, Ledger
from paramgolf.board.ranking import cache as cache_module
from paramgolf.board.ranking.judgements import Judgements
from paramgolf.board.ranking.ranking import place, read_places, read_standings, settle


@pytest.fixture
def ledger(tmp_path):
    return filled_ledger(tmp_path)


def from_scratch(ledger):
    return place(ledger.events(), Judgements(ledger.store.get, cache_module.RankingCache()))


def watched(ledger, monkeypatch):
    """The stored files that are read from now on."""
    names, honest = [], ledger.store.get
    monkeypatch.setattr(ledger.store, "get", lambda name: names.append(name) or honest(name))
    return names


def test_settling_reads_only_the_new_verdict(ledger, tmp_path, monkeypatch):
    add_entry(ledger, tmp_path / "new", {s: b - 0.02 for s, b in BETTER.items()}, judged=None)
    settle(ledger)
    verdict = make_verdict("new", {s: b - 0.02 for s, b in BETTER.items()})
    judged = add_verdict(ledger, verdict, CHALLENGE, who="the judge").body
    names = watched(ledger, monkeypatch)
    written = settle(ledger)
    assert {event.entry for event in written} == {"new", "wider-bigram"}
    record = ledger.state_of("wider-bigram").judgement.verdict_sha256
    assert set(names) == {judged.verdict_sha256, judged.challenge_sha256, record}
    names.clear()
    assert settle(ledger) == ()
    assert names == []


def test_places_are_those_of_the_whole_ranking(ledger):
    whole = read_standings(ledger)
    places = read_places(ledger)
    assert places.records == whole.records
    for row, full in zip(places.rows, whole.rows, strict=True):
        said = (
            "entry",
            "status",
            "status_reason",
            "place",
            "gate",
            "disputed",
            "descendants",
            "seed_scores",
            "score",
        )
        assert [getattr(row, name) for name in said] == [getattr(full, name) for name in said]


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def turned(path):
    """One score is another, and the seal is as it was."""
    path.write_bytes(path.read_bytes().replace(b"1.25", b"1.26"))


def linked(path):
    path.rename(path.parent / "elsewhere")
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        half,
        turned,
        linked,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 1000),
        lambda path: path.write_bytes(b"0" * 64 + b"\n" + b"[" * 100_000),
        lambda path: (path.unlink(), os.mkfifo(path)),
    ],
)
def test_a_cache_that_is_missing_or_damaged_changes_nothing(ledger, spoil):
    path, expected = ledger.folder / RANKING_CACHE, from_scratch(ledger)
    assert read_places(ledger) == expected
    spoil(path)
    assert read_places(ledger) == expected
    assert settle(ledger) == ()
    assert read_places(Ledger(ledger.folder)) == expected
    assert path.is_file()
    assert not path.is_symlink()


def test_values_of_another_shape_are_computed_anew(ledger):
    """A seal says that a file is whole, not that its values are any."""
    kept = cache_module.RankingCache(ledger.folder / RANKING_CACHE)
    kept._used = {key: {"standing": 7} for key in kept._found}
    kept.save()
    assert read_places(ledger) == from_scratch(ledger)


def test_what_other_code_kept_is_not_used(ledger, monkeypatch):
    """A cache of another version would let its rules live on."""
    settle(ledger)
    monkeypatch.setattr(cache_module, "CODE", ("board", "challenge"))
    names = watched(ledger, monkeypatch)
    read_places(ledger)
    assert names


def test_only_what_is_used_is_kept(ledger):
    settle(ledger)
    path = ledger.folder / RANKING_CACHE
    kept = cache_module.RankingCache(path)
    kept._used = kept._found | {"verdict of nobody": {}}
    kept.save()
    settle(ledger)
    assert b"nobody" not in path.read_bytes()
