"""The rule of the entry: its declaration, and how it judges an entry's papers."""

from paramgolf.common import folders
from paramgolf.errors import EntryError
from paramgolf.judge.entry import LARGEST_LOG, LARGEST_README
from paramgolf.judge.papers import Papers
from paramgolf.judge.rule import Required, Rule, first_line
from paramgolf.judge.safe_files import read_regular_file
from paramgolf.judge.verdict import Finding

RULE = Rule(
    number="R01",
    name="entry",
    asks="The folder holds what an entry needs.",
    measures="entry.toml by its schema, README.md, every file that is named.",
    required=Required.NEVER,
    limit="entry.toml, README.md, and every file that it names, inside the folder",
)


def judge(papers: Papers) -> Finding:
    """Judge the papers of an entry whose entry.toml could be read."""
    limit = RULE.limit_in(papers.challenge)
    problems = _unreadable(papers)
    # The verdict is written there; what an entry holds must not stand in its way.
    for name in (folders.VERDICT, folders.VERDICT_PAGE):
        path = papers.folder / name
        if path.is_symlink() or (path.exists() and not path.is_file()):
            problems.append(f"{name} is no regular file, but the name is the verdict's.")
    if papers.entry.challenge != papers.challenge.name:
        problems.append(f"It is for {papers.entry.challenge!r}, judged as {papers.challenge.name!r}.")
    if problems:
        return RULE.failed(f"{len(problems)} problems", limit, " ".join(problems[:6]), "Fix what is named.")
    return RULE.passed(
        f"seeds: {len(papers.entry.seeds)}", limit, f"{papers.entry.title!r}, {papers.entry.licence}"
    )


def _unreadable(papers: Papers) -> list[str]:
    problems = []
    named = [folders.README, papers.entry.recipe]
    named += [path for seed in papers.entry.seeds for path in (seed.result, seed.log, seed.manifest)]
    for path in filter(None, named):
        try:
            data = read_regular_file(papers.folder, path, LARGEST_LOG)
            if path == folders.README and not 0 < len(data) <= LARGEST_README:
                problems.append(f"{folders.README} has {len(data):,} bytes; give 1 to {LARGEST_README:,}.")
        except EntryError as error:
            problems.append(first_line(error, 200))
    return problems
