"""Play a game, and judge an entry: what `paramgolf run` and `paramgolf verify` do."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from paramgolf.api.documents import Documents, as_documents
from paramgolf.api.model import Model, load
from paramgolf.challenge import Challenge, load_challenge
from paramgolf.corpus import open_corpus, read_documents
from paramgolf.errors import EntryError, UsageError
from paramgolf.judge.entry import read_entry
from paramgolf.judge.measure import FULL, QUICK
from paramgolf.judge.verdict import Verdict
from paramgolf.judge.verify import Terms
from paramgolf.judge.verify import verify as judge
from paramgolf.lab.reporter import Reporter
from paramgolf.lab.run.folder import RunFolder
from paramgolf.lab.run.result import Result
from paramgolf.lab.run.settings import load_settings, located
from paramgolf.lab.whole_run import run as run_all
from paramgolf.score import ENTRY_THREADS

AnyPath = str | os.PathLike[str]
# Text of the caller's, or the path of a file that corpus/ reads.
TextOrPath = Documents | os.PathLike[str]


@dataclass(frozen=True, kw_only=True)
class RunResult(Result):
    """What a run measured (`Result`: the fields of result.json), and the folder that it left."""

    folder: Path

    @property
    def artifact(self) -> Path:
        """The packed model."""
        return RunFolder(self.folder).artifact

    @property
    def report(self) -> Path:
        """The result for people, a page of HTML."""
        return RunFolder(self.folder).report

    def load(self, *, trust: bool = False) -> Model:
        """The model that the run packed; see `paramgolf.load`."""
        return load(self.artifact, trust=trust)


def run(
    recipe: str | None = None,
    challenge: str = "local",
    *,
    corpus: str | None = None,
    seed: int = 0,
    out: AnyPath | None = None,
    quiet: bool = False,
) -> RunResult:
    """The whole road: data, training, packing, score, proof, report. What is done already is not done again.

    recipe, challenge: names, or paths of .toml files; no recipe is the challenge's own
    corpus: a name, a file or a folder; None: the challenge's own
    seed: fixes the initial weights and the order of the text
    out: the folder of the run; None: out/RECIPE-CHALLENGE-SEED
    quiet: print nothing

    Training may start processes that import the main module again: a script calls this under
    `if __name__ == "__main__":`. Under torchrun the command `paramgolf run` is the one to use.

    Raises:
        UsageError: there is no such recipe, challenge or corpus, or `out` holds another run.
        ProofError: the artifact was not proven; result and report are there and say so.
        ParamgolfError: a step failed; the same call goes on from there.
    """
    settings = load_settings(recipe, challenge, corpus, seed)
    folder = Path(out) if out is not None else settings.default_folder
    result = run_all(settings, folder, Reporter(silent=quiet))
    if result is None:
        raise UsageError("Only the first process of torchrun has a result. Use the command: paramgolf run")
    return RunResult(**vars(result), folder=folder)


def verify(
    entry: AnyPath,
    *,
    challenge: str | None = None,
    documents: TextOrPath | None = None,
    corpus: str | None = None,
    fresh: TextOrPath | None = None,
    quick: bool = False,
    reproduce: bool = False,
    quiet: bool = False,
) -> Verdict:
    """Judge an entry's folder, or a model.pyz alone. Whatever it holds runs in the sandbox, or not at all.

    challenge: a name or the path of a .toml file; None: the entry's own, and `local` for a model.pyz
    documents: the validation text; None: that of the corpus. A str is text, never a path
    corpus: where the validation text is split from; None: the challenge's own
    fresh: text of the same source that no entrant could have, for the rule on memorisation
    quick: a sample of the text, no proof
    reproduce: also train one seed again, drawn by lot, from the entry's recipe
    quiet: print nothing

    Writes nothing: `paramgolf verify` leaves verdict.json and verdict.html.

    Raises:
        UsageError: there is no such entry, challenge or corpus.
        SandboxError: bubblewrap is missing or does not work here.
    """
    return verify_with(
        Path(entry),
        challenge=challenge,
        documents=_read(documents),
        corpus=corpus,
        fresh=_read(fresh),
        quick=quick,
        reproduce=reproduce,
        reporter=Reporter(silent=quiet),
    )


def verify_with(
    entry: Path,
    *,
    challenge: str | None,
    documents: Sequence[bytes] | None,
    corpus: str | None,
    fresh: Sequence[bytes] | None,
    quick: bool,
    reproduce: bool,
    reporter: Reporter,
) -> Verdict:
    """As `verify`, shown by `reporter`."""
    if not entry.exists():
        raise UsageError(f"There is no entry at {entry}. Give its folder, or a model.pyz.")
    if reproduce and not entry.is_dir():
        raise UsageError(f"{entry} is a bare artifact; to reproduce needs an entry's folder with its recipe.")
    rules = load_challenge(challenge or _challenge_of(entry))
    source = corpus or rules.corpus
    with reporter.progress() as progress:
        terms = Terms(
            challenge=rules,
            documents=documents if documents is not None else _validation_of(source, rules),
            depth=QUICK if quick else FULL,
            threads=ENTRY_THREADS,
            fresh=fresh or (),
            progress=progress,
            say=reporter.say,
            reproduce_from=located(source) if reproduce else "",
        )
        return judge(entry, terms)


def _read(text: TextOrPath | None) -> list[bytes] | None:
    if text is None:
        return None
    return list(read_documents(Path(text))) if isinstance(text, os.PathLike) else as_documents(text)


def _challenge_of(entry: Path) -> str:
    if not entry.is_dir():
        return "local"
    try:
        name = read_entry(entry).challenge
    except EntryError:
        return "local"  # the verdict will say what is wrong with it
    # A stranger's word may name a challenge of ours, never a file.
    return name if not name.endswith(".toml") else "local"


def _validation_of(corpus: str, challenge: Challenge) -> list[bytes]:
    return list(open_corpus(corpus, challenge).validation())
