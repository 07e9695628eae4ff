"""log.jsonl, a line a step, and what a person sees meanwhile."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from paramgolf.common.files import write_atomic
from paramgolf.train.checkpoint import Progress

SECONDS_BETWEEN_LINES = 10.0


class TrainingLog:
    """Appends to log.jsonl and, every few seconds, says where the run stands."""

    def __init__(self, path: Path, from_step: int, say: Callable[[str], None]) -> None:
        self.say, self._said = say, 0.0
        write_atomic(path, "".join(_lines_before(path, from_step)))
        self._file = path.open("a", buffering=1)

    def step(self, now: Progress, learning_rate: float, *, share: float) -> None:
        """Record the step that led to `now`; `learning_rate` is that of the matrices, `share` what is spent."""
        speed = now.tokens / now.seconds if now.seconds else 0.0
        line = {
            "step": now.step,
            "seconds": round(now.seconds, 4),
            "tokens": now.tokens,
            "loss": now.loss,
            "learning_rate": round(learning_rate, 8),
            "tokens_per_second": round(speed, 1),
        }
        self._file.write(json.dumps(line) + "\n")
        if time.monotonic() - self._said > SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self.say(
                f"training {min(share, 1):4.0%}  step {now.step:,}  loss {now.loss:.4f}  "
                f"{now.tokens / 1e6:,.2f}M tokens  {speed:,.0f} tokens/s  {now.seconds:,.0f} s"
            )

    def close(self) -> None:
        """Write what is left."""
        self._file.close()


def _lines_before(path: Path, step: int) -> list[str]:
    """Whole lines of an earlier log up to `step`: what a resumed run goes on from."""
    if step == 0 or not path.exists():
        return []
    kept = []
    for line in path.read_text().splitlines(keepends=True):
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError, TypeError):
            break
    return kept
