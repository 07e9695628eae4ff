"""A ledger that anything happens to, in any order: what it refuses and what it keeps, against a plain model."""

import tempfile
from pathlib import Path

import pytest
from board_factory import CHALLENGE, make_verdict, submission
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from paramgolf.board.check import check
from paramgolf.board.intake.intake import add_verdict, reinstate, rule_invalid
from paramgolf.board.ledger.ledger import Ledger
from paramgolf.board.ranking.ranking import read_standings, settle
from paramgolf.board.ranking.standings import Status
from paramgolf.errors import UsageError
from paramgolf.judge.verdict import Validity

NAMES = st.sampled_from(["ada", "bob", "cleo"])
SCORES = st.sampled_from([1.25, 1.249, 1.24, 1.23])


class AnyLedger(RuleBasedStateMachine):
    """The model: of each entry its standing (None: waiting), and who is ruled invalid."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "board"
        self.ledger = Ledger(self.path, create=True)
        self.standing, self.ruled, self.known, self.judgements = {}, set(), set(), 0

    def teardown(self):
        settle(self.ledger)
        assert check(self.path).problems == ()
        self.folder.cleanup()

    @rule(name=NAMES, changed=st.sampled_from(["", "more"]))
    def submit(self, name, changed):
        body = submission(self.ledger.store, name)
        if changed:
            data = b"a write-up"
            file = type(body.files[0])(path="README.md", sha256=self.ledger.store.put(data), size=len(data))
            body = submission(self.ledger.store, name, files=(*body.files, file))
        if body.key in self.known:
            assert self.ledger.append(body, who="me", why="again").number <= len(self.ledger.events())
        elif name in self.ruled or self.standing.get(name) is Validity.VALID:
            with pytest.raises(UsageError):
                self.ledger.append(body, who="me", why="refused")
        else:
            self.ledger.append(body, who="me", why="handed in")
            self.known.add(body.key)
            self.standing[name] = None

    @rule(
        name=NAMES, score=SCORES, standing=st.sampled_from([Validity.VALID, Validity.VALID, Validity.INVALID])
    )
    def judge(self, name, score, standing):
        self.judgements += 1
        verdict = make_verdict(name, {0: score}, standing=standing, judged_at=f"time {self.judgements}")
        if name in self.standing:
            event = add_verdict(self.ledger, verdict, CHALLENGE, who="the judge")
            assert add_verdict(self.ledger, verdict, CHALLENGE, who="the judge") == event
            self.standing[name] = standing
        else:
            with pytest.raises(UsageError):
                add_verdict(self.ledger, verdict, CHALLENGE, who="the judge")

    @rule(name=NAMES, back=st.booleans())
    def decide(self, name, back):
        change = reinstate if back else rule_invalid
        if name in self.standing and (name in self.ruled) == back:
            change(self.ledger, name, who="an organiser", why="so")
            self.ruled ^= {name}
        else:
            with pytest.raises(UsageError):
                change(self.ledger, name, who="an organiser", why="so")

    @rule()
    def settle_it(self):
        settle(self.ledger)
        assert settle(self.ledger) == ()

    @rule()
    def open_it_again(self):
        before = self.ledger.events()
        self.ledger = Ledger(self.path)
        assert self.ledger.events() == before

    @invariant()
    def every_entry_stands_where_the_model_says(self):
        rows = {row.entry: row.status for row in read_standings(self.ledger).rows}
        assert set(rows) == set(self.standing)
        for name, standing in self.standing.items():
            if name in self.ruled or standing is Validity.INVALID:
                assert rows[name] is Status.INVALID
            elif standing is None:
                assert rows[name] is Status.WAITING
            else:
                assert rows[name] is Status.SHORT_OF_RECORD


AnyLedger.TestCase.settings = settings(max_examples=12, stateful_step_count=14)
TestAnyLedger = AnyLedger.TestCase
