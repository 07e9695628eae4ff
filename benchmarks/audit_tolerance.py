"""How far honest models are from themselves when the shapes of their sums change, in float32 and in bfloat16.

    python benchmarks/audit_tolerance.py [--steps 300] [--rows 200] [--only WIDTHxLAYERSxCONTEXT ...]

Small models are trained on the embedded corpus; then rows of its validation text are predicted in one pass over a
batch of documents, and again: each document alone, cut to another length, and from the tokens before the row alone
(what predict_next is asked). Gains and distances are those of the blind audit. Exits 1 if float32 would fail it.
"""

import argparse
import copy
import sys
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from paramgolf.challenge import load_challenge
from paramgolf.corpus import open_corpus
from paramgolf.judge.audit import DISTANCE, GAP_NATS, MEAN_GAIN_NATS
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.optim.init import initialise

SIZES = ("64x2x128", "64x8x256", "128x4x512", "256x4x256", "128x2x1024")
DOCUMENTS = 4
END = 256
Forward = Callable[[Tensor], Tensor]


def main() -> None:
    """Train each size, compare, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--only", nargs="*", default=SIZES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    corpus = open_corpus("embedded", load_challenge("local"))
    train = _stream(corpus.train())
    validation = _stream(corpus.validation())
    print(
        "| arithmetic | width x layers x context | asked again | nats at most | distance at most | mean gain | over |"
    )
    print("|---|---|---|--:|--:|--:|--:|")
    failed = False
    for size in options.only:
        width, layers, context = map(int, size.split("x"))
        model = trained(width, layers, context, train, options.steps)
        batch = validation[: DOCUMENTS * context].reshape(DOCUMENTS, context)
        for arithmetic, forward in arithmetics(model):
            for way, gains, distances in compared(forward, batch, options.rows):
                over = int(((np.abs(gains) > GAP_NATS) | (distances > DISTANCE)).sum())
                failed |= arithmetic == "float32" and (over > 0 or gains.mean() > MEAN_GAIN_NATS)
                print(
                    f"| {arithmetic} | {size} | {way} | {np.abs(gains).max():.1e} | {distances.max():.1e} "
                    f"| {gains.mean():+.1e} | {over} of {len(gains)} |",
                    flush=True,
                )
    sys.exit(1 if failed else 0)


def _stream(documents: Iterator[bytes]) -> Tensor:
    """At most 2 MB of text as tokens [N], each document behind the end of the one before."""
    text = bytearray()
    for document in documents:
        text += document
        if len(text) > 2_000_000:
            break
    return torch.from_numpy(np.frombuffer(bytes(text), np.uint8).astype(np.int64))


def trained(width: int, layers: int, context: int, tokens: Tensor, steps: int) -> LanguageModel:
    """A model of bytes that has learnt enough to be sure of something."""
    torch.manual_seed(0)
    config = ModelConfig(vocab_size=257, width=width, layers=layers, heads=width // 32, kv_heads=width // 32)
    model = LanguageModel(config)
    initialise(model, 0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        starts = torch.randint(len(tokens) - context - 1, (max(1, 1024 // context),))
        rows = torch.stack([tokens[start : start + context + 1] for start in starts])
        logits = model.logits(model(rows[:, :-1]))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"trained {width}x{layers}x{context}: {loss.item():.3f} nats a byte", file=sys.stderr, flush=True)
    return model.eval().requires_grad_(False)


def arithmetics(model: LanguageModel) -> Iterator[tuple[str, Forward]]:
    """Names and functions from tokens [B, T] to logits [B, T, V] in float32."""
    narrow = copy.deepcopy(model).bfloat16()

    def autocast(tokens: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return model.logits(model(tokens))

    yield "float32", lambda tokens: model.logits(model(tokens))
    yield "bfloat16, autocast", autocast
    yield "bfloat16", lambda tokens: narrow.logits(narrow(tokens, torch.bfloat16))
    yield "bfloat16, last layer float32", lambda tokens: model.logits(narrow(tokens, torch.bfloat16).float())


def compared(
    forward: Forward, batch: Tensor, rows: int
) -> Iterator[tuple[str, npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """How it is asked again, gains in nats and distances of random rows, each against one pass over the batch."""
    whole = forward(batch)
    context = batch.size(1)
    random = np.random.default_rng(1)
    places = [(int(random.integers(len(batch))), int(random.integers(context - 1))) for _ in range(rows)]
    alone = [forward(document[None])[0] for document in batch]
    ways: dict[str, Callable[[int, int], Tensor]] = {
        "alone": lambda document, row: alone[document][row],
        "cut to the next 32": lambda document, row: forward(batch[document][None, : (row // 32 + 1) * 32])[
            0, row
        ],
        "predict_next": lambda document, row: forward(batch[document][None, : row + 1])[0, -1],
        "predict_next, padded": lambda document, row: forward(_padded(batch, document, row))[0, row],
    }
    for name, ask in ways.items():
        scored = torch.stack([whole[document, row] for document, row in places]).double().log_softmax(-1)
        again = torch.stack([ask(document, row) for document, row in places]).double().log_softmax(-1)
        target = torch.tensor([[batch[document, row + 1]] for document, row in places])
        gains = (scored - again).gather(1, target)[:, 0]
        distances = 0.5 * (scored.exp() - again.exp()).abs().sum(1)
        yield name, gains.numpy(), distances.numpy()


def _padded(batch: Tensor, document: int, row: int) -> Tensor:
    """The shape of a whole document; what is not known is a constant."""
    padded = torch.full_like(batch[:1], END)
    padded[0, : row + 1] = batch[document, : row + 1]
    return padded


if __name__ == "__main__":
    main()
