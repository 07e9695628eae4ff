"""Predictors whose model is trained on what was scored: test-time training, or dynamic evaluation.

Krause et al. 2018 (arXiv:1709.07432). A document is read in chunks; each is scored first, then the weights take one
step down the gradient of its loss. Low-rank adapters: Hu et al. 2021 (arXiv:2106.09685).

What is learnt on the way through a document is provisional: the weights are always those that learnt `learnt` since
the last `keep`, and go back to it where something else is asked.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from .predictor import Decode, PredictConfig, Predictor, Tokens, inputs_of
from .predictor import load_from as load_fixed
from .tokenizer.base import END_OF_DOCUMENT, Tokenizer
from .transformer.model import LanguageModel
from .transformer.stepping import Stepper

# Names of the matrices that adapters are for.
MATRICES = ("query", "key", "value", "out", "up", "gate", "down")


@dataclass(frozen=True, kw_only=True)
class LearnConfig:
    """How the model is trained on what was scored."""

    rate: Annotated[
        float,
        "What each step on scored text multiplies the gradient with (SGD); 0: nothing is learnt.",
    ] = 0.0
    chunk: Annotated[
        int,
        "Tokens that are scored before each step, read after predict.overlap tokens of context.",
    ] = 64
    scope: Annotated[
        Literal["document", "text"],
        "Where the weights go back to the artifact's: at each document's end (the fixed track), or never.",
    ] = "document"
    lora_rank: Annotated[
        int,
        "Train adapters of this rank on the matrices of the blocks; 0: all weights.",
    ] = 0


class Adapters:
    """Each matrix is its base + up @ down; up is zeros at first, down random."""

    def __init__(self, matrices: list[Tensor], rank: int) -> None:
        random = torch.Generator().manual_seed(0)
        self.matrices, self.bases = matrices, [matrix.clone() for matrix in matrices]
        self.downs = [torch.randn(rank, m.size(1), generator=random) / m.size(1) ** 0.5 for m in matrices]
        self.ups = [torch.zeros(m.size(0), rank) for m in matrices]

    def gradients(self, of_matrices: Sequence[Tensor]) -> list[Tensor]:
        """Those of downs and ups, from those of the matrices."""
        downs = [up.mT @ g for up, g in zip(self.ups, of_matrices, strict=True)]
        return downs + [g @ down.mT for down, g in zip(self.downs, of_matrices, strict=True)]

    def merge(self) -> None:
        """Make the matrices what base, up and down say."""
        for matrix, base, up, down in zip(self.matrices, self.bases, self.ups, self.downs, strict=True):
            torch.addmm(base, up, down, out=matrix)


class DocumentLearner(Predictor):
    """Learns from a document while it reads it, and begins each with the weights of the artifact."""

    # Documents differ in their weights, so they cannot advance side by side.
    lanes = 1

    learnt: Tensor  # what was read of a document, up to the end of the last chunk that the weights learnt
    kept: list[Tensor]  # the weights at the document's beginning

    def __init__(
        self, model: LanguageModel, tokenizer: Tokenizer, config: PredictConfig, learning: LearnConfig
    ) -> None:
        super().__init__(model, tokenizer, config)
        self.learning, rank = learning, learning.lora_rank
        self.trained: list[Tensor] = [
            p for name, p in model.named_parameters() if not rank or name.rpartition(".")[2] in MATRICES
        ]
        self.adapters = Adapters(self.trained, rank) if rank else None
        self.weights = self.adapters.downs + self.adapters.ups if self.adapters else self.trained
        self.keep()

    def predict_next(self, tokens: Tokens) -> NDArray[np.float32]:
        """The last row of predict([tokens]), [V]. Goes on from the question before where this one begins so."""
        inputs = inputs_of(tokens)
        return self.model.predictions(self._read(inputs, self._prepare(inputs))[-1]).numpy()

    def sample(self, prompt: bytes, tokens: int, temperature: float, seed: int) -> Iterator[bytes]:
        """Continue `prompt` as a Predictor does. Only the prompt teaches."""
        self._prepare(inputs_of(self.encode(prompt)))
        yield from super().sample(prompt, tokens, temperature, seed)

    def stepped(self, lanes: int) -> Any:
        """What the codec steps a document with, of which it learns as `predict` does."""
        return _Chunks(self)

    def reach(self, inputs: Tensor, position: int) -> None:
        """Have learnt the whole chunks of `inputs` before `position`, which is in the next one, and nothing else."""
        if not torch.equal(self.learnt, inputs[: position + 1][: len(self.learnt)]):
            self.undo()
        for start in range(len(self.learnt) - 1, position - self.learning.chunk + 1, self.learning.chunk):
            end = start + self.learning.chunk + 1
            self._step(inputs, start, inputs[start + 1 : end])
            self.learnt = inputs[:end]

    def keep(self) -> None:
        """Begin a document: what was learnt stays."""
        self.kept = [weight.clone() for weight in self.weights]
        self.learnt = torch.tensor([END_OF_DOCUMENT])

    def undo(self) -> None:
        """Begin a document with the weights that were kept."""
        for weight, kept in zip(self.weights, self.kept, strict=True):
            weight.copy_(kept)
        if self.adapters:
            self.adapters.merge()
        self.learnt = torch.tensor([END_OF_DOCUMENT])

    def _features(self, inputs: Tensor) -> Iterator[Tensor]:
        # The caller that takes the next chunk has the rows of the last one.
        for start in range(0, len(inputs), self.learning.chunk):
            self.reach(inputs, start)
            yield self._read(inputs, start)

    def _prepare(self, inputs: Tensor) -> int:
        """Learn all but the last chunk, which may be whole but has no successor; where it starts."""
        start = (len(inputs) - 1) // self.learning.chunk * self.learning.chunk
        self.reach(inputs, start)
        return start

    def _read(self, inputs: Tensor, start: int) -> Tensor:
        """Features [rows, D] of the chunk at `start`."""
        begin = max(0, start - self.config.overlap)
        features: Tensor = self.model(inputs[None, begin : start + self.learning.chunk])
        return features[0, start - begin :]

    def _step(self, inputs: Tensor, start: int, targets: Tensor) -> None:
        """Learn what followed each position of the chunk at `start`; a shorter chunk counts for less."""
        with torch.enable_grad():
            for tensor in self.trained:
                tensor.requires_grad_(True)
            nats = F.cross_entropy(self.model.logits(self._read(inputs, start)), targets, reduction="sum")
            loss = nats / self.learning.chunk
            # A model of one block has skips of no rows.
            gradients = list(torch.autograd.grad(loss, self.trained, materialize_grads=True))
        for tensor in self.trained:
            tensor.requires_grad_(False)
        self._update(self.adapters.gradients(gradients) if self.adapters else gradients)
        if self.adapters:
            self.adapters.merge()

    def _update(self, gradients: list[Tensor]) -> None:
        for weight, gradient in zip(self.weights, gradients, strict=True):
            weight.sub_(gradient, alpha=self.learning.rate)


class TextLearner(DocumentLearner):
    """Learns from each document for those after it, in the order given."""

    def learn(self, batch: Sequence[Tokens]) -> None:
        """Keep what the documents teach, which were scored just now."""
        for tokens in batch:
            inputs = inputs_of(tokens)
            start = self._prepare(inputs)
            self._step(inputs, start, torch.cat((inputs[start + 1 :], torch.tensor([END_OF_DOCUMENT]))))
            self.keep()


class _Chunks:
    """Steps through one document; at the end of each chunk the weights are other ones, and what was cached is void."""

    def __init__(self, predictor: DocumentLearner) -> None:
        self.predictor, self.past = predictor, list[Tensor]()

    def __call__(self, tokens: Tensor) -> Tensor:
        predictor, position = self.predictor, len(self.past)
        chunk, overlap = predictor.learning.chunk, predictor.config.overlap
        self.past.append(tokens)
        if position % chunk == 0:
            predictor.reach(torch.cat(self.past), position)
            self.stepper = Stepper(predictor.model, 1, overlap + chunk)
            if position and overlap:
                self.stepper.fill(torch.stack(self.past[max(0, position - overlap) : position], 1))
        return self.stepper.step(tokens)

    def close(self) -> None:
        """The document was coded."""
        if isinstance(self.predictor, TextLearner):
            self.predictor.learn([torch.cat(self.past)[1:].numpy()])


def learner_of(predictor: Predictor, learning: LearnConfig) -> DocumentLearner:
    """The predictor that learns as it is told, with the model of one that does not."""
    kind = DocumentLearner if learning.scope == "document" else TextLearner
    return kind(predictor.model, predictor.tokenizer, predictor.config, learning)


def load_from(config: dict[str, Any], tokenizer: bytes, weights: bytes, decode: Decode) -> DocumentLearner:
    """A predictor from the three files of an artifact; `decode` reads its weights."""
    return learner_of(load_fixed(config, tokenizer, weights, decode), LearnConfig(**config["learn"]))
