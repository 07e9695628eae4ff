"""Commands of the pull-request road: hand in, judge, accept, look at the queue."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from paramgolf.cli.options import AsJson, ChallengeOf, CorpusOf, FreshText, Reproduce, ValidationText

if TYPE_CHECKING:
    from paramgolf.board.pulls.clone import Clone

Remote = Annotated[str, Parameter(help="The repository of the game: a URL, or a path.")]
Pull = Annotated[int, Parameter(help="The pull request's number.")]
Out = Annotated[
    Path, Parameter(help="Where pull requests are judged: a folder for each, and a private clone.")
]
Author = Annotated[
    str | None,
    Parameter(help="Who opened it, as the host says. Without it, no entry of main may be changed."),
]
PULLS = Path("out/pulls")
CLONE = "repository.git"


def submit(
    entry: Annotated[Path, Parameter(name="ENTRY", help="The entry's folder.")],
    *,
    remote: Annotated[str, Parameter(help="A remote of this repository, or a URL.")] = "origin",
    branch: Annotated[str | None, Parameter(help="Default: entry/NAME.")] = None,
) -> None:
    """Hand in an entry: check it, push a branch with just its folder, say how to open the pull request.

    Leaves your files, your index and your branches as they are, writes the branch to the remote. Again: updates it.

    ```
    paramgolf submit entries/mine
    ```
    """
    from paramgolf.board.pulls.submitting import push_entry
    from paramgolf.lab.reporter import Reporter

    reporter = Reporter()
    pushed = push_entry(entry, Path(), remote=remote, branch=branch, say=reporter.say)
    for warning in pushed.warnings:
        reporter.warn(warning)
    done = "is pushed" if pushed.changed else "was there already, with all of this"
    reporter.say(f"{pushed.branch} {done} ({pushed.commit[:10]}).")
    reporter.say(f"Next: {pushed.next_step}")


def sandbox_check() -> None:
    """Say whether entries can be judged on this machine; exit 0 only then.

    Starts an empty sandbox and writes nothing; where that fails it prints the fix.

    ```
    paramgolf sandbox-check
    ```
    """
    from paramgolf.errors import SandboxError
    from paramgolf.score import sandbox_failure

    if failure := sandbox_failure():
        raise SandboxError(failure)
    print("The sandbox works: entries can be judged here.")


def check_pr(
    *,
    remote: Remote,
    pull: Pull,
    head: Annotated[str | None, Parameter(help="Fail where the newest head is another commit.")] = None,
    author: Author = None,
    out: Out = PULLS,
) -> None:
    """Say whether a pull request is one entry and nothing else; exit 0 only then.

    Runs nothing of it, prints the entry's name. Where it is refused it leaves status.json and comment.md in OUT/NUMBER.

    ```
    paramgolf check-pr --remote https://github.com/owner/game --pull 7
    ```
    """
    from paramgolf.board.pulls.judging import check_pull, refuse_pull
    from paramgolf.errors import RefusedPullError

    clone = _clone(remote, out)
    try:
        change = check_pull(clone, pull, author)
    except RefusedPullError as refusal:
        refuse_pull(clone, pull, out / str(pull), refusal)
        raise
    if head not in (None, change.head):
        raise RefusedPullError(f"The head is {change.head}, not {head}. Look at that one.")
    print(change.name)


def judge_pr(
    *,
    remote: Remote,
    pull: Pull,
    author: Author = None,
    challenge: ChallengeOf = None,
    documents: ValidationText = None,
    corpus: CorpusOf = None,
    fresh: FreshText = None,
    reproduce: Reproduce = False,
    again: Annotated[
        bool, Parameter(negative=(), help="Also where this very head was judged before.")
    ] = False,
    out: Out = PULLS,
) -> None:
    """Judge a pull request: fetch its head, find its one entry, verify that in the sandbox. Exit 0 only if valid.

    Leaves status.json, verdict.json and comment.md in OUT/NUMBER. Nothing of it is checked out, and the judge inherits
    no variable and no home. Killed or repeated, the same command goes on, or finds it done.

    ```
    paramgolf judge-pr --remote https://github.com/owner/game --pull 7
    ```
    """
    from paramgolf.board.pulls.judging import PullJob, judge_pull
    from paramgolf.board.pulls.pull_state import State
    from paramgolf.board.pulls.verify_subprocess import JudgingTerms, verify_apart
    from paramgolf.lab.reporter import Reporter

    terms = JudgingTerms(
        challenge=challenge, documents=documents, corpus=corpus, fresh=fresh, reproduce=reproduce
    )
    reporter = Reporter()
    job = PullJob(
        clone=_clone(remote, out),
        pull=pull,
        out=out / str(pull),
        judge=lambda entry: verify_apart(entry, terms, reporter.say),
        author=author,
        again=again,
        reproduce=reproduce,
        say=reporter.say,
    )
    status = judge_pull(job)
    reporter.say(f"{status.state}: {status.description}")
    reporter.say(f"Wrote {job.out / 'status.json'} and {job.out / 'comment.md'}")
    sys.exit(0 if status.state is State.SUCCESS else 1)


def judge_merged(
    *,
    remote: Remote,
    challenge: ChallengeOf = None,
    documents: ValidationText = None,
    corpus: CorpusOf = None,
    fresh: FreshText = None,
    reproduce: Reproduce = False,
    out: Out = PULLS,
) -> None:
    """Judge each entry of main that has no verdict in the ledger. Exit 0 if there is a verdict on each.

    Leaves status.json, verdict.json and comment.md in OUT/merged/NAME, from where accept-pr takes them.

    ```
    paramgolf judge-merged --remote https://github.com/owner/game
    ```
    """
    from paramgolf.board.pulls.main_entries import judge_merged as judge_all
    from paramgolf.board.pulls.verify_subprocess import JudgingTerms, verify_apart
    from paramgolf.lab.reporter import Reporter

    terms = JudgingTerms(
        challenge=challenge, documents=documents, corpus=corpus, fresh=fresh, reproduce=reproduce
    )
    say = Reporter().say
    judged = judge_all(
        _clone(remote, out), out, lambda entry: verify_apart(entry, terms, say), say, reproduce=reproduce
    )
    for status in judged:
        say(f"{status.entry}: {status.description}")
    say("Next: paramgolf accept-pr" if judged else "Nothing on main waits for a verdict.")
    sys.exit(1 if any(status.verdict_sha256 is None for status in judged) else 0)


def accept_pr(
    *,
    remote: Remote,
    pull: Annotated[
        list[int] | None, Parameter(help="Only the entries of these, judged in OUT. Default: all of main.")
    ] = None,
    challenge: ChallengeOf = None,
    site: Annotated[str, Parameter(help="The branch of the repository that holds the site.")] = "site",
    title: Annotated[str, Parameter(help="What stands at the head of each page.")] = "paramgolf",
    base_url: Annotated[str | None, Parameter(help="Where the site will be, for its feeds.")] = None,
    out: Out = PULLS,
) -> None:
    """After a merge: enter what main has and the ledger has not, rank, build the site, commit and push to main.

    Takes verdicts from OUT, writes board/ on the remote's main branch and the site on a branch of its own, which is
    replaced and keeps no history. Runs nothing of an entry. Where main moves meanwhile it begins again on the newest;
    the same command again changes nothing.

    ```
    paramgolf accept-pr --remote https://github.com/owner/game
    paramgolf accept-pr --remote ../game.git --pull 7
    ```
    """
    from paramgolf.board.pulls.accepting import AcceptJob, accept
    from paramgolf.challenge import load_challenge
    from paramgolf.lab.reporter import Reporter

    reporter = Reporter()
    job = AcceptJob(
        clone=_clone(remote, out),
        judged=out,
        challenge=lambda name: load_challenge(challenge or name),
        site=site,
        title=title,
        base_url=base_url,
        only=frozenset(pull or ()),
        say=reporter.say,
    )
    accepted = accept(job)
    for problem in accepted.problems:
        reporter.warn(problem)
    done = f"main is {accepted.commit[:10]} now" if accepted.changed else "nothing has changed"
    reporter.say(f"{', '.join(accepted.entries) or 'No entry'} entered; {done}.")


def queue(
    *,
    remote: Remote,
    pull: Annotated[
        list[int] | None, Parameter(help="Only these, as those that are open are. Default: all.")
    ] = None,
    out: Out = PULLS,
    as_json: AsJson = False,
) -> None:
    """Show which pull requests wait, which are being judged, and why one stopped.

    Prints a table, writes nothing but the private clone.

    ```
    paramgolf board queue --remote https://github.com/owner/game
    paramgolf board queue --remote ../game.git --pull 7 --pull 8 --json
    ```
    """
    from paramgolf.board.pulls.queue import print_queue
    from paramgolf.board.pulls.queue import queue as look
    from paramgolf.lab.reporter import Reporter

    waiting = look(_clone(remote, out), out, pull or ())
    if as_json:
        print(json.dumps([asdict(one) for one in waiting], indent=2))
    else:
        print_queue(waiting, Reporter().console)


def _clone(remote: str, out: Path) -> "Clone":
    from paramgolf.board.pulls.clone import Clone

    return Clone.open(out / CLONE, remote)
