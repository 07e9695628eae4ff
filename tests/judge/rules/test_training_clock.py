"""R18: how long the second training took, beside the challenge's clock."""

import dataclasses

from seed_papers import AGAIN, seed_papers, seed_score

from paramgolf.judge.reproduction import Trained
from paramgolf.judge.rules.training_clock import judge
from paramgolf.judge.verdict import Outcome


def test_the_clock_passes_or_is_undecided(tmp_path):
    assert judge(*seed_papers(tmp_path, AGAIN), seed_score(2.0)).outcome is Outcome.PASS
    slow = dataclasses.replace(AGAIN, trained=Trained(tokens=1000, seconds=400.0))
    found = judge(*seed_papers(tmp_path, slow), seed_score(2.0))
    assert (found.outcome, found.measured[:7]) == (Outcome.UNDECIDED, "400.0 s")
    found = judge(*seed_papers(tmp_path, None), seed_score(2.0))
    assert (found.outcome, found.measured) == (Outcome.UNDECIDED, "not measured")
