"""The blind audit: at secret positions, ask again with everything from there on withheld.

A prediction that used what it was to predict, or anything after it, cannot be repeated by a fresh process that
has never seen it. Differences are measured at each position in three ways: what the entry gained on the token that
came (nats), the total variation distance of the two distributions, and the mean gain over all positions.

Power: who cheats at a fraction f of the positions escapes K independent draws with probability (1 - f)^K, so that
f = 1 - 0.01^(1/K) is caught with 99 % probability.
"""

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from paramgolf.score.client import Logits, Tokens, Worker
from paramgolf.score.protocol import Description

# Measured on honest models, see docs/judge.md: when the shapes change, float32 answers within 2e-5 nats, bfloat16
# within 0.032, which is beyond this limit unless it keeps to the shapes of predict. A cheat may gain as much at one
# position, so that the limit does not follow a precision which an entrant declares.
GAP_NATS = 0.02
DISTANCE = 0.01
# A gain everywhere is held to a sixth of the record margin of 0.005 nats a reference token.
MEAN_GAIN_NATS = 0.0008
KEPT_BYTES = 256 << 20
# The first rows of a document are few and dear, so a cheat gains most there; and they cost next to nothing to ask.
EARLY_ROWS = 16
EARLY_SHARE = 0.25


def power(positions: int) -> float:
    """The fraction of cheated positions that `positions` draws catch with 99 % probability."""
    return 1 - 0.01 ** (1 / positions) if positions else 1.0


def new_secret() -> str:
    """A seed that could not be known when the entry was made; the verdict states it, so that it can be repeated."""
    return secrets.token_hex(16)


class Witness:
    """Watches the scoring pass: keeps all costs, and the whole prediction at each of the drawn positions."""

    def __init__(self, positions: int, secret: str) -> None:
        self._wanted, self._secret = positions, secret
        self.tokens: list[Tokens] = []
        self.descriptions: list[Description] = []
        self.uniform = 0
        self.drawn: dict[int, list[int]] = {}
        self.scored: dict[tuple[int, int], Logits] = {}
        self.costs: dict[int, npt.NDArray[np.float64]] = {}

    def begin(self, tokens: Sequence[Tokens], description: Description) -> None:
        """Draw the positions: uniformly over all predictions, and some more among the first rows."""
        self.tokens, self.descriptions = list(tokens), [description]
        starts = np.cumsum([0] + [len(t) + 1 for t in tokens])
        self.uniform = count = min(
            self._wanted, int(starts[-1]), max(1, KEPT_BYTES // (4 * description.vocab_size))
        )
        random = np.random.default_rng(int(hashlib.sha256(self._secret.encode()).hexdigest(), 16))
        drawn: dict[int, set[int]] = defaultdict(set)
        for at in random.choice(int(starts[-1]), count, replace=False).tolist():
            document = int(np.searchsorted(starts, at, "right")) - 1
            drawn[document].add(at - int(starts[document]))
        for _ in range(int(EARLY_SHARE * count)):
            document = int(random.integers(len(tokens)))
            drawn[document].add(int(random.integers(min(EARLY_ROWS, len(tokens[document]) + 1))))
        self.drawn = {document: sorted(rows) for document, rows in sorted(drawn.items())}

    def logits(self, document: int, first: int, logits: Logits) -> None:
        """Keep the drawn rows."""
        for row in self.drawn.get(document, ()):
            if first <= row < first + len(logits):
                self.scored[document, row] = logits[row - first].copy()

    def nats(self, document: int, nats: npt.NDArray[np.float64]) -> None:
        """Keep what each prediction cost."""
        self.costs[document] = nats

    @property
    def positions(self) -> int:
        """How many positions were drawn."""
        return sum(map(len, self.drawn.values()))


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the audit measured, an element a position: `gains` in nats (positive: it did better when it could see
    more), `distances` in [0, 1]; `places` are (document, row). `uniform` of them were drawn over all predictions alike.
    """

    places: list[tuple[int, int]]
    gains: npt.NDArray[np.float64]
    distances: npt.NDArray[np.float64]
    uniform: int
    secret: str

    @property
    def mean_gain(self) -> float:
        """Nats a token gained by seeing more."""
        return float(self.gains.mean()) if len(self.gains) else 0.0

    @property
    def differing(self) -> list[int]:
        """Which positions could not be repeated."""
        far = (np.abs(self.gains) > GAP_NATS) | (self.distances > DISTANCE)
        return [int(i) for i in np.flatnonzero(far | ~np.isfinite(self.gains))]

    @property
    def holds(self) -> bool:
        """Whether an honest entry could have answered so."""
        return not self.differing and self.mean_gain <= MEAN_GAIN_NATS


@dataclass
class Asker:
    """Asks one worker the drawn questions and compares the answers with what was scored."""

    worker: Worker
    witness: Witness
    secret: str
    places: list[tuple[int, int]] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    distances: list[float] = field(default_factory=list)

    def ask(self, document: int, row: int) -> None:
        """Predict `row` of a document from the tokens before it alone."""
        tokens = self.witness.tokens[document]
        last = self.worker.predict_next(tokens[:row])
        end = self.worker.describe().end_of_document
        target = int(tokens[row]) if row < len(tokens) else end
        blind, scored = _log_softmax(last), _log_softmax(self.witness.scored[document, row])
        self.places.append((document, row))
        self.gains.append(float(scored[target] - blind[target]))
        self.distances.append(float(0.5 * np.abs(np.exp(scored) - np.exp(blind)).sum()))

    def result(self) -> Audit:
        """All answers."""
        return Audit(
            places=self.places,
            gains=np.array(self.gains),
            distances=np.array(self.distances),
            uniform=self.witness.uniform,
            secret=self.secret,
        )


def audit_fixed(worker: Worker, witness: Witness, secret: str, tick: Callable[[int], None]) -> Audit:
    """Ask for every drawn position: documents in another order than the scored one, each from left to right.

    An entry that remembers earlier questions then knows only the text before the position.
    """
    asker = Asker(worker, witness, secret)
    documents = list(witness.drawn)
    for index in np.random.default_rng(len(documents)).permutation(len(documents)).tolist():
        for row in witness.drawn[documents[index]]:
            asker.ask(documents[index], row)
            tick(len(asker.places))
    return asker.result()


def audit_adaptive(worker: Worker, witness: Witness, secret: str, tick: Callable[[int], None]) -> Audit:
    """Replay: each batch is asked about before it is learned, and learned as it was."""
    asker = Asker(worker, witness, secret)
    size, left = worker.describe().batch_documents, witness.positions
    for start in range(0, len(witness.tokens), size):
        for document in range(start, min(start + size, len(witness.tokens))):
            for row in witness.drawn.get(document, ()):
                asker.ask(document, row)
                left -= 1
                tick(len(asker.places))
        if not left:
            break
        worker.learn(witness.tokens[start : start + size])
    return asker.result()


def _log_softmax(logits: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    wide = logits.astype(np.float64)
    wide -= wide.max()
    wide -= np.log(np.exp(wide).sum())
    return wide
