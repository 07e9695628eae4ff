"""Read the logs of the public game's trainer and of its many variants: what each run in them printed.

Lines differ in their separators and units (`step:10/20000 train_loss:2.1 train_time:430ms`, `10/20000 train_loss: 2.1
train_time: 0.1m`), so each value is looked for by its name anywhere in a line. One file may hold several runs. Every
pattern takes time linear in the line, and lines are cut: a log is a stranger's.
"""

import hashlib
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

LONGEST_LINE = 2000
MOST_RUNS = 20
MOST_SCORES = 1000
NUMBER = r"(\d{1,15}(?:\.\d{1,15})?)"

_SCORE = re.compile(rf"\bval_bpb\s?[:=]\s?{NUMBER}")
_LOSS = re.compile(rf"\bval_loss\s?[:=]\s?{NUMBER}")
_TRAIN_LOSS = re.compile(rf"\b(?:train_)?loss\s?[:=]\s?{NUMBER}")
_STEP = re.compile(r"(?:\bstep\s?[:=]?\s?|^)(\d{1,9})/\d{1,9}\b")
_TRAIN_TIME = re.compile(rf"\b(?:train_time|t)\s?[:=]\s?{NUMBER}\s?(ms|s|m)\b")
_STEP_TIME = re.compile(rf"\b(?:step_avg|avg)\s?[:=]\s?{NUMBER}\s?ms\b")
_EVAL_TIME = re.compile(rf"\b(?:eval_time|elapsed|time|t)\s?[:=]\s?{NUMBER}\s?(ms|s)\b")
_TOTAL_EVAL_TIME = re.compile(rf"\btotal_eval_time\s?[:=]\s?{NUMBER}\s?(ms|s)\b")
_CALIBRATION = re.compile(rf"(?i)(?:gptq|hessian|calibrat)[^\n]{{0,80}}?\bin {NUMBER}\s?s\b")
_SEED = re.compile(r"(?i)(?:^|[\s,({])[\"']?seed[\"']?\s?[:=]\s?(\d{1,18})\b")
_SEED_LINE = re.compile(r"(?i)^\s{0,8}seed\s?[:=]\s?\d{1,18}$")
_SEED_IN_NAME = re.compile(r"(?i)(?:seed|_s)[_-]?(\d{1,18})(?!\d)")
_COUNTS = {
    "model_params": ("model_params", re.compile(r"\bmodel_params\s?[:=]\s?([\d,]{1,20})")),
    "world_size": ("world_size", re.compile(r"\bworld_size\s?[:=]\s?(\d{1,6})")),
    "val_tokens": (
        "tokens",
        re.compile(r"\bval_(?:tokens\s?[:=]\s?|loader:[^\n]{0,200}?\btokens:)([\d,]{1,20})"),
    ),
}
_BYTES = r"(?P<how>[^:\n]{0,40}):\s{0,4}(?P<bytes>[\d,]{1,20})(?:\sbytes|\s*$|/)"
_SIZES = {
    "total": re.compile(rf"(?i)\b(?:total[ _]submission[ _]size|budget){_BYTES}"),
    "model": re.compile(rf"(?i)\bserialized[ _]model{_BYTES}"),
    "code": re.compile(rf"(?i)\bcode[ _]size{_BYTES}"),
}
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
# Scores of a model that is not the one in the artifact.
DIAGNOSTIC = re.compile(r"(?i)diagnostic|pre[-_ ]?quant|post[-_]ema|swa_|\bema\b")


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One score after training: its label as printed, nats a token, bits per byte, seconds."""

    label: str
    bits_per_byte: float
    decimals: int
    loss: float | None = None
    seconds: float | None = None

    @property
    def diagnostic(self) -> bool:
        """Not of the artifact."""
        return DIAGNOSTIC.search(self.label) is not None


@dataclass(kw_only=True)
class LogRun:
    """What one run printed; None where it did not. Times in seconds, sizes in bytes."""

    log: str
    seed: int | None = None
    model_params: int | None = None
    world_size: int | None = None
    val_tokens: int | None = None
    steps: int | None = None
    step_seconds: float | None = None
    train_seconds: float | None = None
    calibration_seconds: float = 0.0
    total_eval_seconds: float | None = None
    total_bytes: int | None = None
    model_bytes: int | None = None
    code_bytes: int | None = None
    evaluations: list[Evaluation] = field(default_factory=list)
    training_scores: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_SCORES))
    curve: str = ""

    @property
    def seed_in_name(self) -> int | None:
        """The seed that the file's name states."""
        found = _SEED_IN_NAME.findall(self.log.rpartition("/")[2])
        return int(found[-1]) if found else None

    @property
    def scores(self) -> list[Evaluation]:
        """Those of the artifact, in the order printed."""
        return [evaluation for evaluation in self.evaluations if not evaluation.diagnostic]

    @property
    def eval_seconds(self) -> float | None:
        """What the scoring evaluation took: the total, where it is printed, else the last one's time."""
        if self.total_eval_seconds is not None:
            return self.total_eval_seconds
        return next((e.seconds for e in reversed(self.scores) if e.seconds is not None), None)


def read_log(name: str, data: bytes) -> list[LogRun]:
    """The runs in one log, in order; empty if it is no log of a run. `name` is the file's, data its bytes."""
    runs = [_Run(name)]
    for line in _lines(data):
        if runs[-1].starts_again(line) and len(runs) < MOST_RUNS:
            runs.append(_Run(name))
        runs[-1].add(line)
    return [run.finish() for run in runs if run.found.evaluations or run.found.steps or run.found.total_bytes]


def _lines(data: bytes) -> Iterator[str]:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    for line in data.decode(encoding, "replace").splitlines():
        yield line[:LONGEST_LINE].rstrip()


class _Run:
    """Collects what one run prints."""

    def __init__(self, log: str) -> None:
        self.found = LogRun(log=log)
        self.sizes: dict[str, dict[bool, int]] = {kind: {} for kind in _SIZES}
        self.hash, self.lines_of_curve = hashlib.sha256(), 0

    def starts_again(self, line: str) -> bool:
        """A new seed line or the first step after later ones begins another run in the same file."""
        if not self.found.steps:
            return False
        if "loss" not in line and "eed" not in line:
            return False
        step = _STEP.search(line)
        return (step is not None and int(step[1]) == 0 and "loss" in line) or _SEED_LINE.match(
            line
        ) is not None

    def add(self, line: str) -> None:
        """Looks at a line; a plain search for a word comes before each pattern, as most lines hold none."""
        words = line.lower()
        if "loss" in line or "stopping" in line:
            self.add_step(line)
        if "val_bpb" in line:
            self.add_score(line)
        if "size" in words or "budget" in words or "serialized" in words:
            self.add_sizes(line)
        if "seed" in words and not self.found.steps and (seed := _SEED.search(line)):
            # A log may begin with the program's own text, so that the last one before the training counts.
            self.found.seed = int(seed[1])
        self.add_counts(line)
        if "total_eval_time" in line and (found := _TOTAL_EVAL_TIME.search(line)):
            self.found.total_eval_seconds = float(found[1]) * _SECONDS[found[2]]
        if " in " in line and (found := _CALIBRATION.search(line)):
            self.found.calibration_seconds += float(found[1])

    def add_step(self, line: str) -> None:
        step = _STEP.search(line)
        if step is None:
            return
        self.found.steps = max(self.found.steps or 0, int(step[1]))
        if time := _TRAIN_TIME.search(line):
            # Minutes are printed with one decimal: at least this much.
            value = float(time[1]) - (0.05 if time[2] == "m" else 0)
            self.found.train_seconds = max(self.found.train_seconds or 0.0, value * _SECONDS[time[2]])
        if average := _STEP_TIME.search(line):
            self.found.step_seconds = float(average[1]) / 1000
        if loss := _TRAIN_LOSS.search(line):
            self.add_to_curve(f"{step[1]} {loss[1]}")

    def add_score(self, line: str) -> None:
        score = _SCORE.search(line)
        if score is None:
            return
        self.add_to_curve(score[1])
        if _STEP.search(line):
            self.found.training_scores.append(float(score[1]))
            return
        if len(self.found.evaluations) >= MOST_SCORES:
            return
        loss, time = _LOSS.search(line), _EVAL_TIME.search(line)
        label = line[: min(score.start(), loss.start() if loss else score.start())].strip(" :,|-")
        self.found.evaluations.append(
            Evaluation(
                label=ascii(label)[1:-1][-80:] or "val_bpb",
                bits_per_byte=float(score[1]),
                decimals=len(score[1].partition(".")[2]),
                loss=float(loss[1]) if loss else None,
                seconds=float(time[1]) * _SECONDS[time[2]] if time else None,
            )
        )

    def add_sizes(self, line: str) -> None:
        for kind, pattern in _SIZES.items():
            if (found := pattern.search(line)) and (size := _integer(found["bytes"])) is not None:
                # "int8+zlib", "(compressed)": what ships; without such a word it is the size before compression.
                ships = bool(found["how"].strip()) and "uncompressed" not in found["how"].lower()
                self.sizes[kind][ships or "budget" in found[0].lower()] = size

    def add_counts(self, line: str) -> None:
        for name, (word, pattern) in _COUNTS.items():
            if word in line and (found := pattern.search(line)) and (count := _integer(found[1])) is not None:
                setattr(self.found, name, count)

    def add_to_curve(self, text: str) -> None:
        self.hash.update(text.encode() + b"\n")
        self.lines_of_curve += 1

    def finish(self) -> LogRun:
        for kind, sizes in self.sizes.items():
            setattr(self.found, f"{kind}_bytes", sizes.get(True, sizes.get(False)))
        if self.lines_of_curve > 1:
            self.found.curve = self.hash.hexdigest()
        return self.found


def _integer(text: str) -> int | None:
    digits = text.replace(",", "")
    return int(digits) if digits else None
