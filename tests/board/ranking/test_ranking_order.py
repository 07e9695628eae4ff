"""Any order of events that can happen gives the same ranking."""

import hashlib
import random

import pytest
from board_factory import CHALLENGE, make_verdict, submission
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramgolf.board.ledger.events import FIRST_CHAIN, Invalidated, Judged, Reinstated, chained
from paramgolf.board.ranking.cache import RankingCache
from paramgolf.board.ranking.judgements import Judgements
from paramgolf.board.ranking.ranking import owed, place, rank
from paramgolf.challenge import challenge_json
from paramgolf.judge.verdict import Validity, verdict_json

STEPS = (0.0, 0.001, 0.004, 0.01)


class Blobs(dict):
    """A store in memory."""

    def put(self, data):
        name = hashlib.sha256(data).hexdigest()
        self[name] = data
        return name


@st.composite
def games(draw):
    """For each entry what happens to it, in order; scores near enough to one another that the gate matters."""
    entries = {}
    for number in range(draw(st.integers(1, 6))):
        level = 1.25 - sum(draw(st.lists(st.sampled_from(STEPS), max_size=3)))
        spread = draw(st.sampled_from((0.0001, 0.0005, 0.002)))
        story = [("submitted", None)]
        for _ in range(draw(st.integers(0, 2))):
            story.append(
                (
                    "judged",
                    draw(st.sampled_from([Validity.VALID] * 4 + [Validity.INVALID, Validity.UNDECIDED])),
                )
            )
        story += draw(
            st.sampled_from([[], [], ["invalidated"], ["invalidated", "reinstated"]]).map(
                lambda ks: [(k, None) for k in ks]
            )
        )
        entries[f"entry-{number}"] = {
            "record": draw(st.booleans()) or draw(st.booleans()),
            "track": draw(st.sampled_from(("fixed", "fixed", "adaptive"))),
            "parents": tuple(draw(st.lists(st.sampled_from([f"entry-{n}" for n in range(7)]), max_size=2))),
            "scores": {
                seed: level + spread * wobble
                for seed, wobble in enumerate((0, 0.9, -1.1, 0.3)[: draw(st.integers(2, 4))])
            },
            "story": story,
        }
    return entries


def played(game, order, blobs):
    """The events of `game` in an order of its entries' turns."""
    events, turn, submitted = [], dict.fromkeys(game, 0), {}
    for name in order:
        entry = game[name]
        kind, standing = entry["story"][turn[name]]
        turn[name] += 1
        number = len(events) + 1
        if kind == "submitted":
            submitted[name] = number
            when = f"2026-11-{1 + int(name[-1]):02}T00:00:00+00:00"
            kept = {key: entry[key] for key in ("record", "track", "parents")}
            body = submission(blobs, name, handed_in_at=when, **kept)
        elif kind == "judged":
            kept = {key: entry[key] for key in ("record", "track")}
            verdict = make_verdict(
                name, entry["scores"], standing=standing, judged_at=f"turn {turn[name]}", **kept
            )
            body = Judged(
                entry=name,
                submission=submitted[name],
                verdict_sha256=blobs.put(verdict_json(verdict).encode()),
                challenge_sha256=blobs.put(challenge_json(CHALLENGE).encode()),
                standing=standing,
            )
        else:
            body = (Invalidated if kind == "invalidated" else Reinstated)(entry=name)
        before = events[-1].chain if events else FIRST_CHAIN
        at = "2026-12-01T00:00:00+00:00"
        events.append(chained(body, number=number, at=at, who="me", why="so", before=before))
    return events


def essence(standings):
    """All that is said, but who was judged when: events, and the disputes that hang on them."""
    rows = [
        (row.entry, row.status, row.place, row.gate, row.score, row.verdict_sha256, row.descendants)
        for row in standings.rows
    ]
    return rows, standings.records


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(game=games(), rng=st.randoms(use_true_random=False))
def test_any_order_of_events_that_can_happen_gives_the_same_ranking(game, rng):
    turns = [name for name, entry in game.items() for _ in entry["story"]]
    blobs = Blobs()
    expected = essence(rank(played(game, turns, blobs), blobs.__getitem__))
    for _ in range(3):
        rng.shuffle(turns)
        assert essence(rank(played(game, turns, blobs), blobs.__getitem__)) == expected


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(game=games(), seed=st.integers(0, 1000))
def test_a_ranking_settled_after_every_event_is_the_one_settled_at_the_end(game, seed):
    """What was written on the way is never read back: the last of it is all that counts."""
    turns = [name for name, entry in game.items() for _ in entry["story"]]
    random.Random(seed).shuffle(turns)
    blobs, events = Blobs(), []
    for event in played(game, turns, blobs):
        events.append(rechained(event.body, events))
        for due in owed(events, rank(events, blobs.__getitem__)):
            events.append(rechained(due.body, events, due.why))
    assert owed(events, rank(events, blobs.__getitem__)) == []
    assert essence(rank(events, blobs.__getitem__)) == essence(
        rank(played(game, turns, blobs), blobs.__getitem__)
    )


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(game=games(), seed=st.integers(0, 1000))
def test_a_ranking_from_what_the_one_before_kept_is_the_one_from_scratch(game, seed, tmp_path):
    """After every event, whatever came late or was ruled; only new verdicts are read."""
    turns = [name for name, entry in game.items() for _ in entry["story"]]
    random.Random(seed).shuffle(turns)
    blobs, kept = Blobs(), tmp_path / "cache"
    kept.unlink(missing_ok=True)
    events = played(game, turns, blobs)
    for number in range(1, len(events) + 1):
        cache = RankingCache(kept)
        incremental = place(events[:number], Judgements(blobs.__getitem__, cache))
        cache.save()
        assert incremental == place(events[:number], Judgements(blobs.__getitem__, RankingCache()))
        assert owed(events[:number], incremental) == owed(
            events[:number], rank(events[:number], blobs.__getitem__)
        )


def rechained(body, events, why="so"):
    before = events[-1].chain if events else FIRST_CHAIN
    return chained(
        body, number=len(events) + 1, at="2026-12-01T00:00:00+00:00", who="me", why=why, before=before
    )
