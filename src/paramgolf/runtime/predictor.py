"""What the harness calls: a model, its tokenizer, and how far it looks back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .codec import compress, decompress
from .tokenizer.base import END_OF_DOCUMENT, Tokenizer
from .tokenizer.packed import read_tokenizer
from .transformer.config import ModelConfig
from .transformer.model import LanguageModel
from .transformer.stepping import Windows

Tokens = NDArray[np.int32]
# weights.decode_weights, or what reads weights in its place.
Decode = Callable[[bytes, Mapping[str, tuple[int, ...]]], Mapping[str, NDArray[np.float32]]]
ROWS = 512  # of logits made at once
LANES = 256
CACHE_BYTES = 1 << 31


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """A document is read in windows of `window` tokens of which the first `overlap` are only context."""

    window: Annotated[int, "Tokens of a document that are read at once."] = 1024
    overlap: Annotated[
        int,
        "Of these, the first so many only give context in all windows but the first.",
    ] = 512

    def __post_init__(self) -> None:
        if not 0 <= self.overlap < self.window:
            raise ValueError(f"overlap is {self.overlap}; allowed are 0 to {self.window - 1} (window - 1)")


class Predictor:
    """A fixed predictor: documents are independent, so one at a time wastes no work on padding."""

    batch_documents = 1
    end_of_document = END_OF_DOCUMENT
    lanes = LANES  # documents that the codec steps side by side, at most

    def __init__(self, model: LanguageModel, tokenizer: Tokenizer, config: PredictConfig) -> None:
        self.model, self.tokenizer, self.config = model.eval().requires_grad_(False), tokenizer, config
        self.vocab_size = model.config.vocab_size

    def encode(self, document: bytes) -> Tokens:
        """Tokens of a document, int32 [T]."""
        return self.tokenizer.encode(document)

    def decode(self, tokens: Sequence[int]) -> bytes:
        """The document that `tokens` spell."""
        return self.tokenizer.decode(tokens)

    def predict(self, batch: Sequence[Tokens]) -> Iterator[NDArray[np.float32]]:
        """Logits in blocks [1, rows, V]: T+1 rows, row t given tokens[:t]."""
        for tokens in batch:
            for features in self._features(inputs_of(tokens)):
                for rows in features.split(ROWS):
                    yield self.model.predictions(rows)[None].numpy()

    def _features(self, inputs: Tensor) -> Iterator[Tensor]:
        """Features [rows, D] of every position, window by window."""
        window, overlap = self.config.window, self.config.overlap
        yield self.model(inputs[None, :window])[0]
        for start in range(window, len(inputs), window - overlap):
            yield self.model(inputs[None, start - overlap : start - overlap + window])[0, overlap:]

    def predict_next(self, tokens: Tokens) -> NDArray[np.float32]:
        """To rounding, the last row of predict([tokens]), [V], from as little as that row can see."""
        inputs = inputs_of(tokens)
        start = self._window_of(len(inputs) - 1)
        reach = self.model.config.reach()
        if reach is not None:
            # Blocks of attention begin where they began.
            longest = max(self.model.config.windows)
            start += max(0, len(inputs) - start - reach) // longest * longest
        return self.model.predictions(self.model(inputs[None, start:])[0, -1]).numpy()

    def _window_of(self, position: int) -> int:
        """Where the window begins that predicts from `position`."""
        stride = self.config.window - self.config.overlap
        return max(0, (position - self.config.overlap) // stride * stride)

    def stepped(self, lanes: int) -> Any:
        """What the codec steps `lanes` documents with."""
        return Windows(self.model, lanes, self.config.window, self.config.overlap)

    def lanes_at_once(self) -> int:
        """How many documents the codec steps side by side: bounded by the memory of their caches."""
        config = self.model.config
        numbers = 2 * config.remembered(self.config.window) * config.kv_heads * config.head_width
        return max(1, min(self.lanes, int(CACHE_BYTES / (4 * numbers))))

    def compress(self, documents: list[bytes]) -> bytes:
        """The documents in fewer bytes."""
        return compress(documents, self.tokenizer, self.stepped, self.lanes_at_once())

    def decompress(self, data: bytes) -> list[bytes]:
        """The documents that `compress` was given. Raises ValueError on other data."""
        return decompress(data, self.tokenizer, self.stepped, self.lanes_at_once())

    def sample(self, prompt: bytes, tokens: int, temperature: float, seed: int) -> Iterator[bytes]:
        """Continue `prompt` by up to `tokens` tokens; temperature 0 takes the likeliest."""
        random = torch.Generator().manual_seed(seed)
        inputs, step = inputs_of(self.encode(prompt)), Predictor.stepped(self, 1)
        step.begin(inputs[None, self._window_of(len(inputs) - 1) : -1])
        logits = step(inputs[-1:])
        chosen: list[int] = []
        for _ in range(tokens):
            if temperature:
                choice = int(
                    torch.multinomial(torch.softmax(logits[0] / temperature, -1), 1, generator=random)
                )
            else:
                choice = int(logits[0].argmax())
            if choice == END_OF_DOCUMENT:
                return
            if choice < self.tokenizer.vocab_size:
                # A token may change what the one before it spells, but never take a byte back.
                said = len(self.decode(chosen))
                chosen.append(choice)
                yield self.decode(chosen)[said:]
            logits = step(torch.tensor([choice]))


def inputs_of(tokens: Tokens) -> Tensor:
    """What the model reads of a document, int64 [T+1]."""
    return torch.from_numpy(np.append(END_OF_DOCUMENT, tokens).astype(np.int64))


def load_from(config: dict[str, Any], tokenizer: bytes, weights: bytes, decode: Decode) -> Predictor:
    """A predictor from the three files of an artifact; `decode` reads its weights."""
    fields = {k: _tuples(v) for k, v in config["model"].items()}
    model = LanguageModel(ModelConfig(**fields))
    shapes = {name: tuple(t.shape) for name, t in sorted(model.state_dict().items())}
    arrays = decode(weights, shapes)
    model.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})
    return Predictor(model, read_tokenizer(tokenizer), PredictConfig(**config["predict"]))


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
