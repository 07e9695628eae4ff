"""What a run measures besides the score: the weights before packing, samples, and which documents are proven."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paramgolf.common.printable import printable
from paramgolf.lab.run.sampling import continue_text
from paramgolf.runtime.predictor import Predictor
from paramgolf.runtime.test_time_training import learner_of
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.score import Deadline, Isolation, Progress, ProgressCallback, Worker
from paramgolf.score.softmax import surprisal
from paramgolf.train.checkpoint import load_part
from paramgolf.train.data.tokens import TokenisedText, open_tokens
from paramgolf.train.mixer.shipped import compiled_options
from paramgolf.train.recipe.recipe import Recipe

if TYPE_CHECKING:
    from paramgolf.runtime.mixer.predictor import DocumentPredictor

PROMPTS = ("The", "In the year", "We have")
SAMPLE_TOKENS = 120
SAMPLE_TEMPERATURE = 0.8


def unquantised_bits_per_byte(
    recipe: Recipe, checkpoint: Path, data: Path, documents: Sequence[bytes], progress: ProgressCallback
) -> float:
    """Bits per byte of the trained float32 weights, in this process, by the same softmax as the score's."""
    predictor = _predictor(recipe, checkpoint, open_tokens(data))
    total, done, nats = sum(map(len, documents)), 0, []
    for document in documents:
        tokens = predictor.encode(document)
        targets = np.append(tokens, predictor.end_of_document).astype(np.int64)
        row = 0
        for block in predictor.predict([tokens]):
            rows = slice(row, row + block.shape[1])
            nats.append(math.fsum(surprisal(block[0], targets[rows]).tolist()))
            row = rows.stop
        if hasattr(predictor, "learn"):
            predictor.learn([tokens])
        done += len(document)
        progress(Progress(phase="unquantised", done=done, total=total, unit="bytes"))
    return math.fsum(nats) / math.log(2) / total


def _predictor(recipe: Recipe, checkpoint: Path, text: TokenisedText) -> "Predictor | DocumentPredictor":
    weights = load_part(checkpoint, "model")
    if recipe.adapt.contexts:
        # Not before it is needed: it brings a compiler.
        from paramgolf.runtime.mixer.predictor import predictor_of
        from paramgolf.runtime.mixer.reader import Reader

        arrays = {name: value.float().numpy() for name, value in weights.items()}
        options = compiled_options(recipe.model)
        return predictor_of(Reader(options, arrays, text.tokenizer, text.tree, recipe.adapt))
    model = LanguageModel(recipe.model)
    model.load_state_dict(weights)
    predictor = Predictor(model, text.tokenizer, recipe.predict)
    return learner_of(predictor, recipe.learn) if recipe.learn.rate else predictor


def draw_samples(artifact: Path, *, isolation: Isolation, threads: int, seed: int) -> list[dict[str, Any]]:
    """How the artifact continues a few prompts: prompt and text, safe to show."""
    samples = []
    with Worker(artifact, isolation=isolation, threads=threads, deadline=Deadline(None)) as worker:
        for index, prompt in enumerate(PROMPTS):
            pieces = continue_text(
                worker,
                prompt.encode(),
                tokens=SAMPLE_TOKENS,
                temperature=SAMPLE_TEMPERATURE,
                seed=seed + index,
            )
            text = b"".join(pieces).decode("utf-8", "replace")
            samples.append({"prompt": prompt, "text": printable(text)})
    return samples
