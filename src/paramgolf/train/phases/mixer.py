"""The first weights of a recipe's mixer, learnt from training text that is kept from the model.

The model is surer of text that it was trained on than of other text, so a mixer that learnt there would trust it too
much. The mixer learns once, where `training.mixer_from` of the budget is spent, inside the clock: what comes after
moves the model so little that weights which are learnt at the very end would hardly differ.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from paramgolf.errors import UsageError
from paramgolf.runtime.mixer.coding_loop import read_tokens
from paramgolf.runtime.mixer.reader import MIXER, Mixer
from paramgolf.runtime.mixer.token_tree import TokenTree
from paramgolf.runtime.predictor import ROWS
from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT, Tokenizer
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.data.batches import TokenStream
from paramgolf.train.mixer.compiled_cache import keep_compiled
from paramgolf.train.phases.phase import Moment, Phase
from paramgolf.train.ranks.ranks import mean_of_used_rows, rank, ranks
from paramgolf.train.recipe.recipe import Recipe
from paramgolf.train.run import Run


class MixerTraining(Phase):
    """The text that the mixer learns from, and what it has learnt: `weights` [rows, inputs], None before."""

    name = "mixer"

    def __init__(self, recipe: Recipe, stream: TokenStream, tokenizer: Tokenizer, tree: TokenTree) -> None:
        """stream: the training text, of which the first documents are kept from the model.

        Raises:
            UsageError: the first document alone is longer than what is to be kept.
        """
        self.adapt, self.tokenizer, self.tree = recipe.adapt, tokenizer, tree
        wanted = recipe.training.mixer_tokens
        head = stream.read(0, min(wanted, len(stream) - 1) + 1).astype(np.int64)
        # Each document has the end of the one before in front.
        self._starts = np.flatnonzero(head == END_OF_DOCUMENT)
        self.kept = int(self._starts[-1])
        if not self.kept:
            raise UsageError(
                f"training.mixer_tokens is {wanted:,}, but the first document of the training text is longer. Raise "
                "it, or leave it out: the mixer then begins with the weights of [adapt]."
            )
        self._text = head[: self.kept]
        self.weights: Tensor | None = None
        self.run: Run

    @classmethod
    def of(cls, run: Run) -> Self | None:
        if not run.training.mixer_tokens:
            return None
        assert run.job.tokenizer is not None, "a mixer reads what tokens spell"
        assert run.job.tree is not None, "a mixer decides along a tree"
        made = cls(run.recipe, TokenStream(run.job.shards), run.job.tokenizer, run.job.tree)
        made.run, run.text_from = run, made.kept
        return made

    def warm_up(self) -> float:
        """Compile."""
        mixer = Mixer(self.tokenizer, self.tree, self.adapt)
        keep_compiled(read_tokens, mixer.scene, mixer.memory)
        self._read(mixer, self.run.model, np.array([END_OF_DOCUMENT, *range(8), END_OF_DOCUMENT]))
        return 0.0

    def before_step(self, at: Moment) -> None:
        """The mixer learns beside a model that is as the artifact will have it."""
        if self.weights is not None or at.spent < self.run.training.mixer_from:
            return
        limit = self.run.job.budget.seconds
        with self.run.as_packed():
            self.learn(self.run.model, None if limit is None else (limit - at.seconds) / 2)
        self.run.say(f"mixer: learnt from {self.kept:,} tokens that the model does not see")

    def documents(self) -> Iterator[NDArray[np.int64]]:
        """This rank's documents, each each between the end of the one before and its own."""
        for start, end in list(zip(self._starts, self._starts[1:], strict=False))[rank() :: ranks()]:
            yield np.append(self._text[start:end], END_OF_DOCUMENT)

    def learn(self, model: LanguageModel, seconds: float | None) -> None:
        """Learn from the documents, for at most so many seconds; all ranks call this and have the same weights then."""
        end = None if seconds is None else time.monotonic() + seconds
        mixer = Mixer(self.tokenizer, self.tree, self.adapt)
        fresh = mixer.memory.copy()
        for document in self.documents():
            if end is not None and time.monotonic() > end:
                break
            self._read(mixer, model, document)
            if self.adapt.scope == "document":
                _forget(mixer, fresh)
        # A set that one rank never used says nothing of what the others found.
        learnt = mixer.memory["weights"][0] - fresh["weights"][0]
        self.weights = mean_of_used_rows(torch.from_numpy(learnt))

    def state(self) -> dict[str, Tensor]:
        return {} if self.weights is None else {MIXER: self.weights}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.weights = state.get(MIXER)

    @torch.no_grad()
    def _read(self, mixer: Mixer, model: LanguageModel, document: NDArray[np.int64]) -> None:
        inputs, targets = torch.from_numpy(document[:-1]), document[1:]
        mixer.make_room(len(targets))
        device = model.embedding.device
        features = model(inputs[None].to(device))[0]
        for start in range(0, len(targets), ROWS):
            logits = model.logits(features[start : start + ROWS]).float().cpu().numpy()
            # A short text may not fill the vocabulary: the ids after the tokenizer's spell nothing.
            known = np.ascontiguousarray(logits[:, : self.tokenizer.vocab_size])
            mixer.take(known, targets[start : start + ROWS])


def _forget(mixer: Mixer, fresh: NDArray[Any]) -> None:
    """All of a document but how to weigh what is seen."""
    weights, decisions = mixer.memory["weights"], mixer.memory["decisions"]
    mixer.memory = fresh.copy()
    mixer.memory["weights"], mixer.memory["decisions"] = weights, decisions
    mixer.table[:] = 0
