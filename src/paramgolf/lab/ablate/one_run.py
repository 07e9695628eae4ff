"""One run of an ablation: trained, packed and measured by a command of its own, `paramgolf ablate-run FOLDER`."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from paramgolf.common.files import write_atomic
from paramgolf.corpus import read_documents
from paramgolf.errors import ArtifactTooLargeError, UsageError
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.measure import unquantised_bits_per_byte
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.settings import read_settings
from paramgolf.lab.run.training import train_in
from paramgolf.score import ENTRY_THREADS, Isolation, sandbox_failure, score_artifact
from paramgolf.train.data.tokens import TOKENIZER, open_tokens

MEASURED = "measured.json"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a run gave on the text held back. packed_*: None where the artifact would be over the byte limit."""

    float_bits_per_byte: float
    packed_bits_per_byte: float | None
    artifact_bytes: int | None
    tokenizer_bytes: int
    parameters: int
    tokens: int
    steps: int
    seconds: float
    tokens_per_second: float
    bytes_per_token: float
    device: str

    @property
    def bits_per_byte(self) -> float:
        """Of the artifact, else of the float32 weights."""
        return self.float_bits_per_byte if self.packed_bits_per_byte is None else self.packed_bits_per_byte


def read_measured(folder: Path) -> Measured | None:
    """What a finished run measured, None where it has not finished.

    Raises:
        UsageError: the file holds something else.
    """
    path = folder / MEASURED
    if not path.exists():
        return None
    try:
        return Measured(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UsageError(f"{path} is damaged ({error}). Remove {folder} and run again.") from None


def train_and_measure(path: Path) -> None:
    """Train, pack and measure what `path`/run.json asks for, in this process and one thread.

    Leaves measured.json in `path`.

    Raises:
        UsageError, CorpusError, TrainingError, PackError, EntryError, SandboxError: as the parts of a run do.
    """
    torch.set_num_threads(1)
    folder = RunFolder(path)
    settings, reporter = read_settings(folder.settings), Reporter()
    train_in(settings, folder, reporter)
    training, text = folder.trained(), open_tokens(folder.data)
    assert training is not None, "measured only after training"
    documents = list(read_documents(folder.validation))
    with reporter.progress() as progress:
        unquantised = unquantised_bits_per_byte(
            settings.recipe, folder.checkpoint, folder.data, documents, progress
        )
    try:
        artifact_bytes: int | None = pack_run(settings, folder).artifact_bytes
        packed: float | None = _score(folder.artifact, documents)
    except ArtifactTooLargeError as error:
        reporter.say(str(error))
        artifact_bytes = packed = None
    measured = Measured(
        float_bits_per_byte=unquantised,
        packed_bits_per_byte=packed,
        artifact_bytes=artifact_bytes,
        tokenizer_bytes=(folder.data / TOKENIZER).stat().st_size,
        parameters=training.parameters,
        tokens=training.train_tokens,
        steps=training.steps,
        seconds=training.train_seconds,
        tokens_per_second=training.tokens_per_second,
        bytes_per_token=text.bytes_per_token,
        device=training.device,
    )
    write_atomic(folder.path / MEASURED, json.dumps(asdict(measured), indent=2) + "\n")


def _score(artifact: Path, documents: list[bytes]) -> float:
    """As `paramgolf score` has it; without a sandbox where there is none, the artifact being our own."""
    return score_artifact(
        artifact,
        documents,
        isolation=Isolation.NONE if sandbox_failure() else Isolation.BUBBLEWRAP,
        threads=ENTRY_THREADS,
        seconds_limit=None,
    ).bits_per_byte
