"""`paramgolf verify` in a process of its own that inherits nothing: no variable, no home, no open file.

What an entry could read there, if it ever left the sandbox, is little: the text that it is scored on.
"""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import paramgolf
from paramgolf.common import folders
from paramgolf.common.printable import printable
from paramgolf.errors import PullError, SandboxError, UsageError
from paramgolf.judge.snapshot import private_folder
from paramgolf.judge.verdict import Verdict, read_verdict
from paramgolf.score import sandbox_failure

_DIE_WITH_PARENT = 1


@dataclass(frozen=True, kw_only=True)
class JudgingTerms:
    """What `paramgolf verify` is asked with; None: its defaults. `challenge` is a name, or a .toml file's path."""

    challenge: str | None = None
    documents: Path | None = None
    corpus: str | None = None
    fresh: Path | None = None
    reproduce: bool = False

    def options(self) -> list[str]:
        """On a command line, from any folder."""
        challenge = self.challenge
        if challenge and challenge.endswith(".toml"):
            challenge = str(Path(challenge).resolve())
        corpus = (
            str(Path(self.corpus).resolve()) if self.corpus and Path(self.corpus).exists() else self.corpus
        )
        values = {
            "--challenge": challenge,
            "--documents": self.documents and str(self.documents.resolve()),
            "--corpus": corpus,
            "--fresh": self.fresh and str(self.fresh.resolve()),
        }
        words = [part for name, value in values.items() if value for part in (name, value)]
        return [*words, "--reproduce"] if self.reproduce else words


def verify_apart(entry: Path, terms: JudgingTerms, say: Callable[[str], None]) -> Verdict:
    """The whole verdict on an entry's folder. The process dies with this one.

    Raises:
        SandboxError: bubblewrap is missing or broke.
        PullError: the judge came to no verdict: a harness failure, not the entry's fault.
    """
    if failure := sandbox_failure():
        raise SandboxError(f"Nothing is judged outside the sandbox. {failure}")
    with private_folder() as private:
        words = [sys.executable, "-P", "-m", "paramgolf", "verify", str(entry), "--out", str(private)]
        status, last = _run([*words, *terms.options()], private, say)
        try:
            return read_verdict(private / folders.VERDICT)
        except UsageError:
            raise PullError(
                f"The judge came to no verdict (status {status}): {printable(last)[:600]}. "
                "Fix that here, then judge again."
            ) from None


def _run(words: Sequence[str], home: Path, say: Callable[[str], None]) -> tuple[int, str]:
    library = ctypes.CDLL(None)  # before the fork: loading is not safe after it
    environment = {
        "HOME": str(home),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        # downloads of text are shared; the folder above this one also holds the person's token
        "HF_HUB_CACHE": str(Path.home() / ".cache" / "huggingface" / "hub"),
        # the judge that was started is the one that judges
        "PYTHONPATH": str(Path(paramgolf.__file__).parents[1]),
    }
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=home,
        text=True,
        errors="replace",
        preexec_fn=lambda: library.prctl(_DIE_WITH_PARENT, signal.SIGKILL),
    ) as judge:
        last = ""
        assert judge.stdout is not None
        for line in judge.stdout:
            last = line.strip() or last
            say(line.rstrip())
    return judge.returncode, last
