"""The end of a run, for grep and for people."""

import sys
from pathlib import Path

from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import Result

KEYS = (
    "challenge",
    "recipe",
    "seed",
    "commit",
    "parameters",
    "train_tokens",
    "train_seconds",
    "tokens_per_second",
    "artifact_bytes",
    "artifact_limit",
    "bits_per_byte",
    "bits_per_byte_unquantised",
    "text_bytes",
    "compressed_bytes",
    "proven",
    "score_seconds",
    "prove_seconds",
    "isolation",
)


def key_values(result: Result) -> list[str]:
    """Lines of `key: value`, keys as in result.json."""
    lines = [f"{key}: {_plain(getattr(result, key))}" for key in KEYS]
    if result.objective.name not in KEYS:
        lines.append(f"{result.objective.name}: {_plain(result.objective.value(result))}")
    if result.target:
        lines.append(f"questions: {result.target.questions}")
    return lines + [f"{name}_bits_per_byte: {_plain(bits)}" for name, bits in result.compressors.items()]


def in_words(result: Result) -> str:
    """What was shown, in two sentences."""
    bits = 8 * result.compressed_bytes / result.proof_text_bytes
    part = ""
    if result.proof_documents < result.documents:
        part = f" ({result.proof_documents:,} of {result.documents:,} documents, drawn at random)"
    back = "identical" if result.proven else "NOT proven to be identical"
    return (
        f"model.pyz, {result.artifact_bytes:,} bytes, compresses {result.proof_text_bytes:,} bytes of text it has "
        f"never seen{part} to {result.compressed_bytes:,} bytes ({bits:.2f} bits per byte); decompressed, they are "
        f"{back}. xz -9 needs {result.compressors['xz']:.2f}."
    )


def next_commands(folder: RunFolder) -> list[str]:
    """What to do with what the run left."""
    # The interpreter that runs this has what the artifact needs; another may not.
    python = _short(Path(sys.executable))
    return [f"open {_short(folder.report)}", f'{python} {_short(folder.artifact)} sample "The"']


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}" if value < 100 else f"{value:.1f}"
    return str(value).lower() if isinstance(value, bool | None) else str(value)


def _short(path: Path) -> str:
    """Relative to the working folder where it lies inside."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)
