"""What `python model.pyz` does."""

import argparse
import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .artifact import read, read_artifact


def main(arguments: list[str] | None = None) -> None:
    """Parse, call, print; errors that a person can fix end with one line and status 1."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")


def bits_of(predictor: Any, documents: list[bytes]) -> float:
    """Bits that `documents` cost under `predictor`, the end of each included."""
    bits = 0.0
    for start in range(0, len(documents), predictor.batch_documents):
        batch = [
            predictor.encode(document) for document in documents[start : start + predictor.batch_documents]
        ]
        row = 0
        for block in predictor.predict(batch):
            logits = np.asarray(block, np.float64)
            logits -= logits.max(-1, keepdims=True)
            norms = np.log(np.exp(logits).sum(-1))
            for i, tokens in enumerate(batch):
                targets = np.append(tokens, predictor.end_of_document)[row : row + norms.shape[1]]
                rows = np.arange(len(targets))
                bits += (norms[i, rows] - logits[i, rows, targets]).sum() / math.log(2)
            row += norms.shape[1]
        if hasattr(predictor, "learn"):
            predictor.learn(batch)
    return bits


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="model.pyz", description="A language model in one file.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, help: str, *paths: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(run=run)
        for path in paths:
            added.add_argument(path.lower(), metavar=path, type=Path)
        return added

    command("info", _info, "print the model's configuration and where the file's bytes go")
    command(
        "score",
        _score,
        "print bits per byte of FILE: .jsonl with a text field in each line, or one document",
        "FILE",
    )
    sample = command("sample", _sample, "continue PROMPT")
    sample.add_argument("prompt", metavar="PROMPT")
    sample.add_argument("--tokens", type=int, default=200)
    sample.add_argument("--temperature", type=float, default=0.8)
    sample.add_argument("--seed", type=int, default=0)
    command("compress", _compress, "compress the file IN to OUT", "IN", "OUT")
    command("decompress", _decompress, "decompress the file IN to OUT", "IN", "OUT")
    return parser


def _load() -> Any:
    # Only what needs the model waits for torch or a compiler.
    from entry import load  # type: ignore[import-not-found]

    return load()


def _info(options: Any) -> None:
    config, tokenizer, weights = read_artifact()
    for part, fields in config.items():
        for name, value in fields.items():
            # The tree of a vocabulary, two bytes a token in hex, says nothing to a person.
            shown = value if name != "tree" else f"of {len(value) // 4} tokens"
            print(f"{part}.{name}: {shown}")
    print(f"config_bytes: {len(read('config.json'))}")
    print(f"tokenizer_bytes: {len(tokenizer)}")
    print(f"weights_bytes: {len(weights)}")


def _score(options: Any) -> None:
    documents = _documents(options.file)
    size = sum(map(len, documents))
    if not size:
        raise ValueError(f"{options.file} holds no text to score")
    print(f"documents: {len(documents)}\nbytes: {size}")
    print(f"bits_per_byte: {bits_of(_load(), documents) / size:.4f}")


def _sample(options: Any) -> None:
    if options.tokens < 1 or not options.temperature >= 0:
        raise ValueError("--tokens must be 1 or more and --temperature 0 or more")
    out = sys.stdout.buffer
    prompt = os.fsencode(options.prompt)
    out.write(prompt)
    for piece in _load().sample(prompt, options.tokens, options.temperature, options.seed):
        out.write(piece)
        out.flush()
    out.write(b"\n")


def _compress(options: Any) -> None:
    _convert(options, lambda data: _load().compress([data]))


def _decompress(options: Any) -> None:
    _convert(options, lambda data: b"".join(_load().decompress(data)))


def _convert(options: Any, work: Any) -> None:
    """Write work(IN) to OUT, all of it or nothing."""
    source, target = getattr(options, "in"), options.out
    if target.exists() and target.samefile(source):
        raise ValueError(f"OUT is the same file as IN, {source}: name another")
    result = work(source.read_bytes())
    partial = target.with_name(target.name + ".part")
    try:
        partial.write_bytes(result)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{source.stat().st_size} bytes -> {len(result)} bytes")


def _documents(path: Path) -> list[bytes]:
    if path.suffix != ".jsonl":
        return [path.read_bytes()]
    documents = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            documents.append(json.loads(line)["text"].encode())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(f'{path}, line {number}: expected an object like {{"text": "..."}}') from None
    return documents
