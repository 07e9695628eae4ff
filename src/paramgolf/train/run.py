"""What all parts of one rank's run share: the job, the device, the model, the text, how its weights will be packed."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import cached_property

import torch

from paramgolf.quantise.precision import Precision, rounded_weights
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.data.batches import Batches, TokenStream
from paramgolf.train.device import compiler_notice, pick_device, products_notice
from paramgolf.train.job import Job
from paramgolf.train.loss.sampled_softmax import SoftmaxSampler
from paramgolf.train.optim.init import initialise
from paramgolf.train.ranks.ranks import local_rank, rank, ranks


class Run:
    """One rank's share of a run.

    text_from: the first token of the text that batches read; what is before it is kept for a phase.
    sampler: what draws the tokens that a target is learnt against; None: all of the vocabulary.
    """

    def __init__(self, job: Job, say: Callable[[str], None]) -> None:
        self.job, self.say, self.recipe = job, say, job.recipe
        self.training = job.recipe.training
        self.device = pick_device(local_rank())
        if self.training.products == "float32":
            self.device = replace(self.device, dtype=torch.float32)
        self.compiled = self.training.compile and not self._noticed(compiler_notice(self.device))
        self.int8 = self.training.products == "int8" and not self._noticed(products_notice(self.device))
        self.model = LanguageModel(self.recipe.model)
        initialise(self.model, job.seed)
        self.model.to(self.device.device)
        self.precision = Precision(self.recipe.schemes(), self.recipe.groups())
        self.text_from = 0
        self.sampler: SoftmaxSampler | None = None

    @cached_property
    def batches(self) -> Batches:
        """The sequences of this rank, which `text_from` decides at the first call."""
        return Batches(
            TokenStream(self.job.shards, begin=self.text_from),
            sequence_length=self.training.sequence_length,
            seed=self.job.seed,
            rank=rank(),
            ranks=ranks(),
        )

    def weights(self) -> dict[str, torch.Tensor]:
        """The model's parameters by name."""
        return dict(self.model.named_parameters())

    def as_packed(self) -> AbstractContextManager[None]:
        """Inside, the model's weights are rounded as they will be packed, where that is decided already."""
        grids = self.precision.grids(self.weights())
        return rounded_weights(self.model, grids) if grids else nullcontext()

    def _noticed(self, notice: str | None) -> bool:
        """Whether there is something to say, which is said."""
        if notice:
            self.say(notice)
        return notice is not None
