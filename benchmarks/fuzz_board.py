"""Targets of benchmarks/fuzz.py: what the leaderboard takes from strangers."""

import functools
import hashlib
import json
import zlib
from html.parser import HTMLParser
from pathlib import Path

from fuzz_entries import ENTRY
from fuzz_inputs import JSON_WORDS, Target, check_safe
from paramgolf.board.intake.public_history import read_history
from paramgolf.board.ledger.entry_papers import papers_json, papers_of, parse_papers
from paramgolf.board.pulls.clone import Clone
from paramgolf.board.pulls.git import Git
from paramgolf.board.pulls.scope import find_change
from paramgolf.board.site.markdown import render_markdown
from paramgolf.errors import PullError
from paramgolf.judge.entry import Entry

BETWEEN = b"\n#-#-#\n"


# An entry's page

DRAWN = (
    b"\n".join(json.dumps({"step": i, "seconds": i / 2, "loss": 5 - i / 9}).encode() for i in range(1, 9)),
    json.dumps({"ledger": [["matrices", 900], ["code", 80]]}).encode(),
)
WRITE_UP = b"""\
# A title
Some *words*, a [link](https://example.org "t"), ![a picture](http://example.org/a.png), <b>raw</b>, `code`, ~~no~~.

| a | b |
|:--|--:|
| 1 | [x][y] |

1. one
   - two\n     > three

```html
<script>alert(1)</script>
```
[y]: https://example.org/y
"""
TAGS = (
    "p h1 h2 h3 h4 h5 h6 em strong s a code pre br hr ul ol li blockquote div span table thead tbody tr th td"
)
ATTRIBUTES = {"href", "rel", "class", "start", "tabindex", "role", "aria-label"}


def call_drawn(folder: Path, data: bytes) -> None:
    """The same bytes as log and result."""
    entry = Entry.model_validate(ENTRY | {"seeds": [ENTRY["seeds"][0] | {"result": "result.json"}]})
    drawn = papers_of(entry, lambda path: data)
    assert parse_papers(papers_json(drawn).encode()) == drawn


class _Tags(HTMLParser):
    """Nothing but the tags and attributes of prose, and links to the web."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS.split(), tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            assert name != "href" or (value or "").lower().startswith(("https://", "http://")), value


def call_write_up(folder: Path, data: bytes) -> None:
    parser = _Tags()
    parser.feed(str(render_markdown(data.decode("utf-8", "replace"))))
    parser.close()


# The public game's table

TABLE = [
    {"section": "Leaderboard", "name": "n", "score": 1.2, "author": "a", "date": "2026-04-09", "summary": "s"}
    | {"pr_number": 7, "prs_mentioned": [3], "folder": "2026-04-09_n"}
    | {"p_value_claims": [{"p": 0.01, "versus": "#3", "text": "p < 0.01"}]}
]
FOLDERS = [
    {"folder": "2026-04-09_n", "track": "track_10min_16mb", "claimed_val_bpb": 1.2, "flags": ["NOTE: x"]}
    | {"seeds": [{"seed": 1, "val_bpb": 1.21, "artifact_bytes": 9, "conflicts": {"val_bpb": {"log": 1.3}}}]},
    {"folder": "2026-04-10_m", "track": "track_non_record", "name": "m", "date": "2026-04-10"},
]


def call_history(folder: Path, data: bytes) -> None:
    """Both files, one behind the other."""
    table, _, folders = data.partition(BETWEEN)
    (folder / "leaderboard.json").write_bytes(table)
    (folder / "records.json").write_bytes(folders)
    read_history(folder)


# Folders of a pull request, as git keeps them

README = b"# mine\n"


def _name(kind: bytes, data: bytes) -> str:
    return hashlib.sha1(_whole(kind, data), usedforsecurity=False).hexdigest()


def _whole(kind: bytes, data: bytes) -> bytes:
    return b"%s %d\0%s" % (kind, len(data), data)


def _line(mode: bytes, name: bytes, kind: bytes, data: bytes) -> bytes:
    return b"%s %s\0%s" % (mode, name, bytes.fromhex(_name(kind, data)))


FILE = _line(b"100644", b"README.md", b"blob", README)
INNER = _line(b"40000", b"seeds", b"tree", FILE)


def tree_seeds() -> list[bytes]:
    entries = _line(b"40000", b"entries", b"tree", _line(b"40000", b"mine", b"tree", FILE))
    link, module = FILE.replace(b"100644", b"120000"), FILE.replace(b"100644", b"160000")
    twice = FILE + FILE.replace(b"README", b"readme")
    return [
        FILE,
        FILE + INNER,
        INNER,
        entries,
        FILE + link,
        module,
        twice,
        FILE.replace(b"README.md", b"../x"),
    ]


@functools.cache
def _game(folder: Path) -> tuple[Clone, str]:
    """A clone whose main branch is empty, and its commit."""
    clone = Clone.open(folder / "game.git", "nowhere")
    for kind, data in ((b"blob", README), (b"tree", FILE), (b"tree", INNER), (b"tree", b"")):
        _write(clone.git, kind, data)
    _write(clone.git, b"tree", _line(b"40000", b"mine", b"tree", FILE))
    main = _name(b"commit", _commit(_name(b"tree", b""), ""))
    _write(clone.git, b"commit", _commit(_name(b"tree", b""), ""))
    return clone, main


def _commit(tree: str, parent: str) -> bytes:
    who = "a <a@example.org> 1700000000 +0000"
    parents = f"parent {parent}\n" if parent else ""
    return f"tree {tree}\n{parents}author {who}\ncommitter {who}\n\nan entry\n".encode()


def _write(git: Git, kind: bytes, data: bytes) -> Path | None:
    """Past git itself, which would look at it. Where it is; None if it was there."""
    name = _name(kind, data)
    path = git.folder / "objects" / name[:2] / name[2:]
    if path.exists():
        return None
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(_whole(kind, data), 1))
    return path


def call_tree(folder: Path, data: bytes) -> str:
    """As the root of a pull request's head, as its folder of entries, and as an entry: nothing may lead out of it."""
    clone, main = _game(folder)
    outcome, written = "refused", []
    for above in ((), (b"entries",), (b"mine", b"entries")):
        tree = data
        for name in above:
            written.append(_write(clone.git, b"tree", tree))
            tree = _line(b"40000", name, b"tree", tree)
        head = _commit(_name(b"tree", tree), main)
        written += [_write(clone.git, b"tree", tree), _write(clone.git, b"commit", head)]
        try:
            files = find_change(clone, main, _name(b"commit", head)).files
        except PullError as refusal:
            check_safe(str(refusal))
            continue
        outcome = "read"
        parts = {part.lower() for file in files for part in file.path.split("/")}
        assert not {"", ".", "..", ".git"} & parts
    for path in filter(None, written):
        path.unlink()
    return outcome


BOARD: dict[str, Target] = {
    "drawn": Target(group="others", seeds=lambda: DRAWN, call=call_drawn, words=JSON_WORDS),
    "write-up": Target(
        group="others",
        seeds=lambda: [WRITE_UP],
        call=call_write_up,
        words=(b"](", b"![", b"<script>", b"javascript:", b"&#x6a;", b"\n\n", b"> ", b"```", b"|", b"[x]: "),
    ),
    "history": Target(
        group="others",
        seeds=lambda: [json.dumps(TABLE).encode() + BETWEEN + json.dumps(FOLDERS).encode()],
        call=call_history,
        words=(*JSON_WORDS, b"#" + b"9" * 5000),
    ),
    "trees": Target(
        group="others",
        seeds=tree_seeds,
        call=call_tree,
        words=(b"40000 ", b"100644 ", b"120000 ", b".git\0", b"../", b"entries\0"),
    ),
}
