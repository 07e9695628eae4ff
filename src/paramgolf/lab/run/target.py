"""The harness of a run against a target: a process that holds the hidden text and the clock, and answers questions.

The training processes talk to it over a pipe: a word in, a line of JSON out. They never hold the text, and learn a
score and whether it is reached. The clock starts with the first word and stops from each question to its answer.
"""

import json
import math
import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from paramgolf.challenge import TargetReached
from paramgolf.common.files import sha256_of, write_atomic
from paramgolf.corpus import read_documents
from paramgolf.errors import ParamgolfError, TrainingError, UsageError
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.packing import pack_run
from paramgolf.lab.run.settings import RunSettings
from paramgolf.score import ENTRY_THREADS, Isolation, sandbox_failure, score_artifact
from paramgolf.train.target import QUESTION, Answer

TARGET = "target.json"
BEGIN, ASK = b"begin", b"ask"
LONGEST_WORD = 1 << 16
SECONDS_TO_END = 60.0


@dataclass(frozen=True, kw_only=True)
class TargetFile:
    """target.json: when the target was reached, and by which artifact."""

    reached: TargetReached
    artifact_sha256: str


class HarnessConnection:
    """The harness, from a training process. It can be handed to a process that is being started."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self) -> None:
        """As Harness.begin."""
        self._call(BEGIN)

    def ask(self) -> Answer:
        """As Harness.ask."""
        return TypeAdapter(Answer).validate_python(self._call(ASK))

    def _call(self, word: bytes) -> dict[str, object]:
        try:
            self._connection.send_bytes(word)
            answer: dict[str, object] = json.loads(self._connection.recv_bytes(LONGEST_WORD))
        except (EOFError, OSError):
            raise TrainingError("The process that measures the target has ended. Run again.") from None
        if "error" in answer:
            raise TrainingError(f"The target could not be measured: {answer['error']}")
        return answer


@contextmanager
def harness_of(settings: RunSettings, folder: RunFolder) -> Iterator[HarnessConnection | None]:
    """The harness while the block runs; None in a game without a target."""
    if settings.challenge.target_bits_per_byte is None:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(settings, folder.path, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield HarnessConnection(ours)
    finally:
        ours.close()
        process.join(SECONDS_TO_END)
        process.terminate()


def read_target(folder: RunFolder, artifact_sha256: str) -> TargetReached | None:
    """When the run reached its target; None where it did not.

    Raises:
        UsageError: the file is damaged, or of another artifact than the one with this hash.
    """
    path = folder.path / TARGET
    if not path.exists():
        return None
    try:
        found = TypeAdapter(TargetFile).validate_json(path.read_bytes())
    except ValidationError:
        raise UsageError(f"{path} is damaged. Remove {folder.path} and run again.") from None
    if found.artifact_sha256 != artifact_sha256:
        raise UsageError(
            f"{path} is of another artifact (SHA-256 {found.artifact_sha256[:16]}...) than {folder.artifact}. "
            f"Remove {folder.path} and run again."
        )
    return found.reached


def _serve(settings: RunSettings, path: Path, connection: Connection) -> None:
    """The body of the harness's process; ends when no training process holds the pipe any more."""
    # An interrupt typed at the terminal is for the command, which closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    (path / TARGET).unlink(missing_ok=True)
    questions, clock = _Questions(settings, RunFolder(path)), HarnessClock()
    while True:
        try:
            word = connection.recv_bytes(LONGEST_WORD)
            arrived, answer = time.monotonic(), {}
            # Only the first begin starts the clock: another one would take back what it has counted since.
            if word != BEGIN:
                answer = questions.answer(clock.stop(arrived))
                clock.start(time.monotonic())
            elif not clock.started:
                clock.start(arrived)
            connection.send_bytes(json.dumps(answer).encode())
        except (EOFError, OSError):
            return


class HarnessClock:
    """Seconds of training, without those of questions. Times are those of one monotonic clock."""

    def __init__(self) -> None:
        self._ran, self._since = 0.0, math.nan

    @property
    def started(self) -> bool:
        """Whether it has ever counted."""
        return not math.isnan(self._since)

    def start(self, now: float) -> None:
        """Count from now on."""
        self._since = now

    def stop(self, now: float) -> float:
        """Count no longer; the seconds so far, NaN where the clock was never started."""
        self._ran += now - self._since
        return self._ran


class _Questions:
    """The hidden text, and how many questions were asked about it."""

    def __init__(self, settings: RunSettings, folder: RunFolder) -> None:
        self.settings, self.folder = settings, folder
        self.documents = list(read_documents(folder.validation))
        self.isolation = Isolation.NONE if sandbox_failure() else Isolation.BUBBLEWRAP
        self.asked, self.reached = 0, False

    def answer(self, seconds: float) -> dict[str, object]:
        """Measure what the question folder holds; an error as {"error": ...}. `seconds` are the clock's."""
        challenge = self.settings.challenge
        target = challenge.target_bits_per_byte
        assert target is not None, "started only where there is one"
        if math.isnan(seconds) or self.reached or self.asked == challenge.target_questions:
            return {
                "error": f"asked {self.asked} of {challenge.target_questions} times, or before the clock started"
            }
        self.asked += 1
        try:
            bits_per_byte, sha256 = self._measure()
        except ParamgolfError as error:
            return {"error": str(error)}
        self.reached = bits_per_byte <= target
        if self.reached:
            found = TargetReached(seconds=seconds, questions=self.asked, bits_per_byte=bits_per_byte)
            table = asdict(TargetFile(reached=found, artifact_sha256=sha256))
            write_atomic(self.folder.path / TARGET, json.dumps(table, indent=2) + "\n")
        return asdict(Answer(reached=self.reached, bits_per_byte=bits_per_byte, seconds=seconds))

    def _measure(self) -> tuple[float, str]:
        """Bits per byte and SHA-256 of the artifact that the weights make, packed as the run's own will be."""
        question = RunFolder(self.folder.path / QUESTION)
        if not question.data.exists():
            question.data.symlink_to(self.folder.data.resolve())
        pack_run(self.settings, question)
        score = score_artifact(
            question.artifact,
            self.documents,
            isolation=self.isolation,
            threads=ENTRY_THREADS,
            seconds_limit=self.settings.challenge.eval_seconds,
        )
        return score.bits_per_byte, sha256_of(question.artifact)
