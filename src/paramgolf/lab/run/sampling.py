"""Text that an artifact goes on with: by its own way of sampling, or drawn from the predictions that it gives."""

import math
from collections.abc import Iterator

import numpy as np

from paramgolf.errors import UsageError
from paramgolf.score import Worker

# A token may stand for a long piece of text, but not for a flood of it.
LARGEST_BYTES_A_TOKEN = 1 << 16
# Symbols of an alphabet of fewer than the square root of this say half as much as a token, and so on.
USUAL_VOCABULARY = 1024


def continue_text(
    worker: Worker, prompt: bytes, *, tokens: int, temperature: float, seed: int
) -> Iterator[bytes]:
    """Pieces of text after `prompt`, up to `tokens` tokens of them; temperature 0 takes the likeliest.

    Any artifact can do it: where it has no way of sampling, the harness draws from its predictions. Where the alphabet
    is small, several of its symbols count as a token then.

    Raises:
        UsageError: `tokens` or `temperature` is out of range.
        EntryError: the artifact fails.
    """
    if tokens < 1 or not 0 <= temperature <= 100:
        raise UsageError(
            f"got tokens {tokens} and temperature {temperature:g}; allowed are 1 token or more and "
            "temperatures 0 to 100"
        )
    limit = 4 * len(prompt) + LARGEST_BYTES_A_TOKEN * tokens
    if worker.describe().samples:
        yield worker.sample(prompt, tokens=tokens, temperature=temperature, seed=seed, limit=limit)
        return
    random = np.random.default_rng(seed)
    end = worker.describe().end_of_document
    text = worker.encode(prompt)
    before = worker.decode(text, limit=limit)
    symbols = tokens * math.ceil(math.log2(USUAL_VOCABULARY) / math.log2(worker.describe().vocab_size))
    for _ in range(symbols):
        token = _choose(worker.predict_next(text).astype(np.float64), temperature, random)
        if token == end:
            return
        text = np.append(text, np.int32(token)).astype(np.int32)
        after = worker.decode(text, limit=limit)
        yield after[len(before) :]
        before = after


def _choose(logits: np.ndarray, temperature: float, random: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    # Gumbel's trick: the largest of logits / temperature + Gumbel noise is a draw from their softmax.
    return int((logits / temperature + random.gumbel(size=logits.shape)).argmax())
