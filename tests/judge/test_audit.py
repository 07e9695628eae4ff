"""The blind audit draws fairly, states its power truly, and measures what an entry gained by seeing more."""

import numpy as np
import pytest

from paramgolf.judge.audit import (
    EARLY_ROWS,
    EARLY_SHARE,
    GAP_NATS,
    MEAN_GAIN_NATS,
    Asker,
    Audit,
    Witness,
    audit_adaptive,
    audit_fixed,
    new_secret,
    power,
)
from paramgolf.judge.measure import PATIENCE, STARTING_SECONDS, patience
from paramgolf.score.protocol import Description

TOKENS = [np.arange(n, dtype=np.int32) % 3 for n in (0, 5, 40, 1, 17)]
ROWS = sum(len(t) + 1 for t in TOKENS)


def described(vocab_size, batch_documents=1) -> Description:
    return Description(
        kind="description",
        payload=0,
        vocab_size=vocab_size,
        end_of_document=vocab_size - 1,
        batch_documents=batch_documents,
        adaptive=True,
    )


class Predictor:
    """Stands where a worker stands; logits depend on the tokens before, and on how much was learned."""

    def __init__(self, batch_documents=1, extra=0.0):
        self.learned, self.extra, self.size = 0, extra, batch_documents

    def describe(self):
        return described(4, self.size)

    def predict_next(self, tokens):
        row = np.zeros(4, np.float32)
        row[len(tokens) % 4] = 1 + self.learned
        row[0] += self.extra
        return row

    def learn(self, batch):
        self.learned += len(batch)


def watched(positions: int, secret: str = "s", *, size: int = 1) -> Witness:
    """A witness that watched an honest entry's score."""
    witness, scored = Witness(positions, secret), Predictor(size)
    witness.begin(TOKENS, described(4))
    for start in range(0, len(TOKENS), size):
        for document in range(start, min(start + size, len(TOKENS))):
            rows = [scored.predict_next(TOKENS[document][:t]) for t in range(len(TOKENS[document]) + 1)]
            for first in range(0, len(rows), 7):
                witness.logits(document, first, np.array(rows[first : first + 7]))
        if size:
            scored.learn(TOKENS[start : start + size])
    return witness


def test_power_is_that_of_independent_draws():
    for positions in (1, 50, 400):
        assert (1 - power(positions)) ** positions == pytest.approx(0.01)
    assert power(0) == 1


def test_a_cheat_at_a_fraction_of_positions_is_caught_as_often_as_stated():
    rng = np.random.default_rng(0)
    rows, positions = 20_000, 100
    cheated = set(rng.choice(rows, int(power(positions) * rows), replace=False).tolist())
    escaped = 0
    for trial in range(2000):
        witness = Witness(positions, f"secret {trial}")
        witness.begin([np.zeros(rows - 1, np.int32)], described(2))
        escaped += not cheated.intersection(witness.drawn[0])
    assert escaped <= 2000 * 0.01 + 3 * (2000 * 0.01) ** 0.5


def test_every_position_can_be_drawn_and_no_more_than_there_are():
    witness = Witness(10_000, "s")
    witness.begin(TOKENS, described(4))
    assert witness.positions == ROWS
    assert witness.drawn == {i: list(range(len(t) + 1)) for i, t in enumerate(TOKENS)}


def test_first_rows_are_drawn_more_often():
    witness = Witness(400, "s")
    witness.begin([np.zeros(5000, np.int32)] * 20, described(2))
    early = sum(row < EARLY_ROWS for rows in witness.drawn.values() for row in rows)
    assert early >= 0.7 * 400 * EARLY_SHARE


def test_draws_depend_on_the_secret_and_secrets_are_new():
    drawn = []
    for secret in ("a", "a", "b"):
        witness = Witness(20, secret)
        witness.begin([np.zeros(5000, np.int32)], described(2))
        drawn.append(witness.drawn)
    assert drawn[0] == drawn[1] != drawn[2]
    assert new_secret() != new_secret()


def test_a_large_vocabulary_bounds_what_is_kept():
    witness = Witness(10_000, "s")
    witness.begin([np.zeros(50_000, np.int32)], described(1 << 20))
    assert 64 <= witness.positions <= 64 * (1 + EARLY_SHARE)


def test_an_honest_entry_repeats_itself_in_any_order():
    witness = watched(ROWS, size=len(TOKENS))
    audit = audit_fixed(Predictor(), witness, "s", lambda done: None)
    assert audit.holds
    assert len(audit.places) == ROWS
    assert audit.mean_gain == 0


def test_who_remembers_questions_never_knows_what_stands_behind_a_position():
    asked: list[bytes] = []

    class Remembers(Predictor):
        def predict_next(self, tokens):
            question = tokens.tobytes()
            # Twelve tokens say which document it is.
            behind = [before for before in asked if len(before) > len(question) > 48]
            assert not any(before.startswith(question) for before in behind)
            asked.append(question)
            return super().predict_next(tokens)

    witness = Witness(60, "s")
    documents = [np.random.default_rng(i).integers(0, 3, 50, dtype=np.int32) for i in range(6)]
    witness.begin(documents, described(4))
    for document in range(6):
        witness.logits(document, 0, np.zeros((51, 4), np.float32))
    audit_fixed(Remembers(), witness, "s", lambda done: None)
    assert [len(places) for places in witness.drawn.values()] != [1] * 6
    assert len(asked) == witness.positions


@pytest.mark.parametrize("size", [1, 2, 5])
def test_replay_gives_an_adaptive_entry_what_it_had_learned(size):
    witness = watched(ROWS, size=size)
    assert audit_adaptive(Predictor(size), witness, "s", lambda done: None).holds
    if size < 5:
        assert not audit_fixed(Predictor(size), witness, "s", lambda done: None).holds


def test_replay_stops_behind_the_last_position():
    witness = watched(ROWS)
    witness.drawn = {0: [0]}
    worker = Predictor()
    audit_adaptive(worker, witness, "s", lambda done: None)
    assert worker.learned == 0


def test_another_answer_is_measured_in_nats_and_distance():
    witness = watched(ROWS, size=len(TOKENS))
    asker = Asker(Predictor(extra=1.0), witness, "s")
    asker.ask(0, 0)
    scored, blind = np.exp([1, 0, 0, 0]), np.exp([2, 0, 0, 0])
    scored, blind = scored / scored.sum(), blind / blind.sum()
    (gain,), (distance,) = asker.result().gains, asker.result().distances
    assert gain == pytest.approx(np.log(scored[3] / blind[3]))
    assert distance == pytest.approx(0.5 * np.abs(scored - blind).sum())


def audit_of(gains) -> Audit:
    gains = np.array(gains, float)
    return Audit(
        places=[(0, i) for i in range(len(gains))],
        gains=gains,
        distances=gains * 0,
        uniform=len(gains),
        secret="s",
    )


def test_small_differences_are_noise_unless_they_all_help():
    small = 2 * MEAN_GAIN_NATS
    assert audit_of([small, -small] * 50).holds
    assert not audit_of([small] * 100).holds
    assert audit_of([-small] * 100).holds
    assert audit_of([0] * 99 + [2 * GAP_NATS]).differing == [99]
    assert not audit_of([0] * 99 + [np.nan]).holds


def test_patience_grows_with_what_is_asked():
    few, many = Witness(3, "s"), Witness(100, "s")
    for witness in (few, many):
        witness.begin([np.zeros(999, np.int32)], described(2))
    many.drawn = {0: [999] * 10}
    assert patience(5.0, many) == STARTING_SECONDS + PATIENCE * 5.0 * 11
    assert STARTING_SECONDS + PATIENCE * 5.0 < patience(5.0, few) < patience(5.0, many)
