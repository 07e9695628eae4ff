"""Sampled softmax in a run: every step draws anew what its targets are learnt against (loss/sampled_softmax.py)."""

from typing import Self

import numpy as np

from paramgolf.train.loss.sampled_softmax import SoftmaxSampler
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.ranks.ranks import rank
from paramgolf.train.run import Run


class SampledSoftmax(Phase):
    """Draws follow from seed, rank and step, so that there is no state to keep."""

    name = "sampled_softmax"

    def __init__(self, sampler: SoftmaxSampler) -> None:
        self.sampler = sampler

    @classmethod
    def of(cls, run: Run) -> Self | None:
        if not run.training.softmax_sample:
            return None
        counts = np.bincount(run.batches.stream.beginning(), minlength=run.recipe.model.vocab_size)
        run.sampler = SoftmaxSampler(
            counts, run.training.softmax_sample, seed=run.job.seed, rank=rank(), device=run.device.device
        )
        return cls(run.sampler)

    def before_step(self, at: Moment) -> None:
        self.sampler.begin(at.step)
