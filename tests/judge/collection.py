"""The collection that the judge is measured on: hostile artifacts, harmless ones and honest near-misses.

A case is a file that is its artifact's entry.py, in cheats/ or honest/, or a function in an archives.py there that
writes the whole file. Comment lines at its top (the docstring of a function) say what it is:

    # What it does, one line.
    # rule: R06, R11      the rules of which one at least must fail it; none: nothing may
    # track: fixed        or adaptive
    # isolated: yes       adaptive only: it declares that documents do not depend on one another
    # claims: 0.39        the bits per byte that its entrant claims, where that is the lie
    # holds: validation   the artifact holds the validation text, as validation.xz; enciphered: each byte XOR 0x55

Artifacts hold base_entry.py, training.txt and, in cheats/, tricks.py besides.
"""

import lzma
import runpy
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import tomli_w
from small_game import CHALLENGE_TOML, FRESH, TEXTS, TRAINING

from paramgolf.common.files import sha256_of

__all__ = [
    "CHALLENGE_TOML",
    "FRESH",
    "TEXTS",
    "TRAINING",
    "Case",
    "as_entry",
    "build",
    "cheats",
    "harmless",
    "honest",
]

FOLDER = Path(__file__).parent
FIELDS = ("rule", "track", "isolated", "claims", "holds")
HONEST_ENTRY = b"from base_entry import Base as load\n"

Builder = Callable[[Path, dict[str, bytes]], None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One artifact. `text` says what it does; `rules` are those of which one must fail it, empty if none may."""

    name: str
    path: Path
    rules: frozenset[str]
    track: str
    isolated: bool
    text: str
    claims: float | None = None
    holds: str = ""
    builder: Builder | None = field(default=None, repr=False)


def cheats() -> list[Case]:
    """The artifacts that a rule must fail, by name."""
    return [case for case in _cases("cheats") if case.rules]


def harmless() -> list[Case]:
    """Attacks that find nothing in a sound sandbox and then play honestly: the judge survives and passes them."""
    return [case for case in _cases("cheats") if not case.rules]


def honest() -> list[Case]:
    """The near-misses that must pass, by name."""
    return _cases("honest")


def build(case: Case, folder: Path) -> Path:
    """Write the case's artifact as model.pyz into `folder`, which is made; the path of it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.pyz"
    if case.builder is not None:
        case.builder(path, members(case))
    else:
        write_zip(path, members(case))
    return path


def as_entry(case: Case, folder: Path, challenge: str) -> Path:
    """The case as a whole entry: its artifact is seed 0, honestly described except where the claim is the lie."""
    artifact = build(case, folder / "seeds" / "0")
    plain = artifact.is_file() and not artifact.is_symlink()
    table = {
        "title": case.name,
        "authors": [{"name": "a stranger"}],
        "challenge": challenge,
        "track": case.track,
        "record": False,
        "document_isolation": case.isolated,
        "parents": [],
        "hardware": "none",
        "licence": "MIT",
        "seeds": [
            {
                "seed": 0,
                "artifact": "seeds/0/model.pyz",
                "sha256": sha256_of(artifact) if plain else "0" * 64,
                "bits_per_byte": case.claims or 1.0,
            }
        ],
    }
    (folder / "README.md").write_text(f"# {case.name}\n")
    (folder / "entry.toml").write_text(tomli_w.dumps(table))
    return folder


def members(case: Case) -> dict[str, bytes]:
    """What the case's artifact holds, by name; a builder starts from the honest entry."""
    held = {
        "entry.py": HONEST_ENTRY if case.builder else case.path.read_bytes(),
        "base_entry.py": (FOLDER / "base_entry.py").read_bytes(),
        "training.txt": b"\0".join(TRAINING),
    }
    if case.path.parent.name == "cheats":
        held["tricks.py"] = (FOLDER / "tricks.py").read_bytes()
    if case.holds:
        key = {"validation": 0, "enciphered": 0x55}[case.holds]
        held["validation.xz"] = lzma.compress(bytes(byte ^ key for byte in b"\0".join(TEXTS)))
    return held


def write_zip(path: Path, held: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    """A zip of `held`, the same bytes at every run."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in held.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)


def _cases(folder: str) -> list[Case]:
    cases = []
    for path in (FOLDER / folder).glob("*.py"):
        if path.stem == "archives":
            cases += _built_cases(path)
        else:
            lines = path.read_text().splitlines()
            comments = [line.removeprefix("#").strip() for line in _leading_comments(lines)]
            cases.append(_case(path.stem, path, comments, None))
    return sorted(cases, key=lambda case: case.name)


def _leading_comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line


def _built_cases(path: Path) -> list[Case]:
    module = runpy.run_path(str(path))
    made = {name: f for name, f in module.items() if getattr(f, "__module__", "") == module["__name__"]}
    return [
        _case(
            name,
            path,
            [line.strip() for line in builder.__doc__.strip().splitlines() if line.strip()],
            builder,
        )
        for name, builder in made.items()
        if not name.startswith("_")
    ]


def _case(name: str, path: Path, lines: list[str], builder: Builder | None) -> Case:
    if not lines:
        raise ValueError(f"{path}: {name} has no header; it starts with a line that says what it does")
    values = {}
    for line in lines[1:]:
        key, colon, value = line.partition(":")
        if not colon or key not in FIELDS or key in values:
            raise ValueError(
                f"{path}: {name}: {line!r} is no header field; expected one of {FIELDS}, once each"
            )
        values[key] = value.strip()
    if not {"rule", "track"} <= values.keys() or values["track"] not in ("fixed", "adaptive"):
        raise ValueError(f"{path}: {name}: its header needs 'rule:' and 'track:' (fixed or adaptive)")
    if (values["track"] == "adaptive") != (values.get("isolated") in ("yes", "no")):
        raise ValueError(f"{path}: {name}: 'isolated:' (yes or no) is for adaptive entries, and they need it")
    rules = frozenset(part.strip() for part in values["rule"].split(","))
    return Case(
        name=name,
        path=path,
        rules=rules - {"none"},
        track=values["track"],
        isolated=values.get("isolated") != "no",
        text=lines[0],
        claims=float(values["claims"]) if "claims" in values else None,
        holds=values.get("holds", ""),
        builder=builder,
    )
