"""The folder of one run: where each file lies, and whose run it is."""

import json
from dataclasses import dataclass
from pathlib import Path

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.errors import UsageError
from paramgolf.lab.run.differences import differences, differences_in_words
from paramgolf.lab.run.settings import RunSettings, read_settings
from paramgolf.train.checkpoint import read_progress
from paramgolf.train.job import SUMMARY, Summary


@dataclass(frozen=True)
class RunFolder:
    """Paths inside the folder of one run."""

    path: Path

    @property
    def data(self) -> Path:
        """manifest.json, validation.jsonl, tokenizer.bin and token shards."""
        return self.path / folders.DATA

    @property
    def validation(self) -> Path:
        """The documents that are scored."""
        return self.data / folders.VALIDATION

    @property
    def settings(self) -> Path:
        """The settings of the run in this folder."""
        return self.path / "run.json"

    @property
    def checkpoint(self) -> Path:
        """The newest weights."""
        return self.path / "checkpoint"

    @property
    def log(self) -> Path:
        """A line a step."""
        return self.path / folders.LOG

    @property
    def artifact(self) -> Path:
        """The packed model."""
        return self.path / folders.ARTIFACT

    @property
    def result(self) -> Path:
        """What the run measured; written last."""
        return self.path / folders.RESULT

    @property
    def report(self) -> Path:
        """The result for people."""
        return self.path / "report.html"

    def refuse_other(self, settings: RunSettings) -> None:
        """Raises UsageError where this folder holds a run of other settings, and says which differ."""
        if not self.settings.exists():
            return
        different = differences(read_settings(self.settings).to_dict(), settings.to_dict())
        if different:
            raise UsageError(
                f"{self.path} holds another run ({differences_in_words(different, 'there', 'asked')}). "
                "Give another --out, or remove that folder."
            )

    def claim(self, settings: RunSettings) -> None:
        """Record whose run this is."""
        write_atomic(self.settings, json.dumps(settings.to_dict(), indent=2) + "\n")

    def trained(self) -> Summary | None:
        """What the finished training measured; None where it is not finished."""
        progress = read_progress(self.checkpoint)
        path = self.path / SUMMARY
        if progress is None or not progress.finished or not path.exists():
            return None
        return Summary(**json.loads(path.read_text()))
