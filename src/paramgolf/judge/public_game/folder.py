"""Read a folder of the public game: which files are there, and what the submission, the logs and the programs say."""

from dataclasses import dataclass
from pathlib import Path

from paramgolf.common import folders
from paramgolf.common.printable import quoted
from paramgolf.errors import EntryError, UsageError
from paramgolf.judge.public_game.claims import PublicSubmission
from paramgolf.judge.public_game.logs import LogRun, read_log
from paramgolf.judge.public_game.scripts import LARGEST_SCRIPT, Script, read_script
from paramgolf.judge.public_game.submission import LARGEST_SUBMISSION, read_submission
from paramgolf.judge.safe_files import list_regular_files, read_regular_file

MOST_FILES = 2000
MOST_RUNS = 500
LARGEST_LOG = 2**23
MOST_LOG_BYTES = 2**25
MOST_SCRIPT_BYTES = 2**24
LOG_ENDINGS = (".log", ".txt", ".out")
NO_LOGS = ("requirements.txt", "license.txt", "readme.txt")
MAIN_SCRIPT = "train_gpt.py"
SUBMISSION = "submission.json"


@dataclass(frozen=True, kw_only=True)
class PublicEntry:
    """What a folder holds. `refused` names what is no readable file, `missing` what should be there and is not."""

    name: str
    record: bool
    files: dict[str, int]
    submission: PublicSubmission | None
    runs: tuple[LogRun, ...]
    scripts: dict[str, Script]
    refused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def main_script(self) -> Script | None:
        """The program that was entered: train_gpt.py, or the only one whose name begins with train."""
        if MAIN_SCRIPT in self.scripts:
            return self.scripts[MAIN_SCRIPT]
        trains = [path for path in self.scripts if path.startswith("train") and path.endswith(".py")]
        return self.scripts[trains[0]] if len(trains) == 1 else None


def read_folder(root: Path) -> PublicEntry:
    """Everything readable in `root`; nothing outside it is opened, nothing in it is run.

    Raises:
        UsageError: there is no such folder.
    """
    if not root.is_dir():
        raise UsageError(
            f"{root} is no folder; give one of the public game, with submission.json, logs and README.md."
        )
    return _Reader(root).entry()


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.refused: list[str] = []
        self.missing: list[str] = []
        self.log_bytes = self.script_bytes = 0
        try:
            listing = list_regular_files(root, MOST_FILES)
        except EntryError as error:
            self.files: dict[str, int] = {}
            self.refused.append(str(error))
            return
        self.files = listing.files
        self.refused += [f"{quoted(path)} {why}" for path, why in listing.refused.items()]

    def entry(self) -> PublicEntry:
        submission = self.submission()
        runs = [run for path in self.files if _may_be_log(path) for run in self.log(path)]
        if len(runs) > MOST_RUNS:
            self.refused.append(f"the logs hold {len(runs):,} runs; the first {MOST_RUNS} are read")
            del runs[MOST_RUNS:]
        scripts = {
            path: script for path in self.files if path.endswith(".py") and (script := self.script(path))
        }
        if not runs:
            self.missing.append("a train log")
        if "readme.md" not in {path.lower() for path in self.files}:
            self.missing.append(folders.README)
        entry = PublicEntry(
            name=self.root.resolve().name,
            record=self.is_record(submission),
            files=self.files,
            submission=submission,
            runs=tuple(runs),
            scripts=scripts,
        )
        if entry.main_script is None or not entry.main_script.size:
            self.missing.append(f"a program in {MAIN_SCRIPT}")
        return PublicEntry(**{**vars(entry), "refused": tuple(self.refused), "missing": tuple(self.missing)})

    def is_record(self, submission: PublicSubmission | None) -> bool:
        track = submission.track.value if submission and submission.track else ""
        return "non" not in track.lower() and "non_record" not in self.root.resolve().parent.name

    def read(self, path: str, limit: int) -> bytes | None:
        try:
            return read_regular_file(self.root, path, limit)
        except EntryError as error:
            self.refused.append(str(error))
            return None

    def submission(self) -> PublicSubmission | None:
        """submission.json, or the only file that is called so with something added."""
        found = [path for path in self.files if path.startswith("submission") and path.endswith(".json")]
        path = SUBMISSION if SUBMISSION in found or len(found) != 1 else found[0]
        if path not in self.files:
            if not self.refused:
                self.missing.append(SUBMISSION)
            return None
        data = self.read(path, LARGEST_SUBMISSION)
        try:
            return None if data is None else read_submission(data)
        except EntryError as error:
            self.refused.append(f"{quoted(path)}: {error}")
            return None

    def log(self, path: str) -> list[LogRun]:
        self.log_bytes += self.files[path]
        if self.log_bytes > MOST_LOG_BYTES:
            self.refused.append(f"{quoted(path)}: the logs have more than {MOST_LOG_BYTES:,} bytes together")
            return []
        data = self.read(path, LARGEST_LOG)
        return [] if data is None else read_log(path, data)

    def script(self, path: str) -> Script | None:
        self.script_bytes += self.files[path]
        if self.script_bytes > MOST_SCRIPT_BYTES:
            self.refused.append(
                f"{quoted(path)}: the programs have more than {MOST_SCRIPT_BYTES:,} bytes together"
            )
            return None
        data = self.read(path, LARGEST_SCRIPT)
        return None if data is None else read_script(path, data)


def _may_be_log(path: str) -> bool:
    return path.lower().endswith(LOG_ENDINGS) and path.rpartition("/")[2].lower() not in NO_LOGS
