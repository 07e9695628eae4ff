"""model.pyz: a zip that Python runs and imports from. The same parts make the same bytes.

The runtime's modules are one compressed member, which costs a fifth less than a member each: entry.py unpacks it in
memory and gives Python a finder of its packages and modules.
"""

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paramgolf.common import folders
from paramgolf.common.files import write_atomic
from paramgolf.errors import ArtifactTooLargeError
from paramgolf.pack.byte_ledger import ByteLedger
from paramgolf.pack.minify import minify_modules
from paramgolf.pack.modules import predictor_module, runtime_sources, shipped_modules, weights_module

CODE = "code"
# LZMA without a container (its identifier is 1 << 62 | 1); these settings suit a few ten thousand characters.
FILTERS: list[dict[str, int]] = [
    {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 0, "nice_len": 273, "depth": 1000}
]
MAIN = "__main__.py"
# What these two take from the runtime.
STARTED = ("main", "read_artifact", "decode_weights", "load_from")


def starters(config: Mapping[str, Any], *, repaired: bool = False) -> dict[str, str]:
    """The two modules that stand in the zip as they are: what Python runs, and what a harness imports.

    Here the predictor and what reads its weights are chosen. Modules are one another's by name; a package has no code.
    """
    return {
        MAIN: "import entry;from runtime.cli import main;main()",
        folders.ENTRY_MODULE: f"""import lzma,sys
from importlib.util import spec_from_loader
R=__file__[:-8]
C=lzma.decompress(__loader__.get_data(R+{CODE!r}),3,None,[{{"id":1<<62|1,"dict_size":1<<20,"pb":0}}])
C=C.decode().split("\\0")
C=dict(zip(C,C[len(C)//2:]))
class F:
 get_data=__loader__.get_data
 def find_spec(n,*a):
  if n in C:return spec_from_loader(n,F,is_package=not C[n])
 def create_module(s):0
 def exec_module(m):m.__file__=R+"runtime/";exec(C[m.__name__],m.__dict__)
sys.meta_path[:0]=F,
def load():
 from runtime.artifact import read_artifact as a
 from runtime.{weights_module(repaired=repaired)} import decode_weights as w
 from runtime.{predictor_module(config)} import load_from as p
 return p(*a(),w)""",
    }


def build_artifact(
    path: Path,
    *,
    config: dict[str, Any],
    tokenizer: bytes,
    weights: bytes,
    repaired: bool = False,
    limit: int | None = None,
    groups: Mapping[str, int] | None = None,
    coder_tables: int = 0,
) -> ByteLedger:
    """Write model.pyz to `path`, atomically, and account for its bytes.

    config: {"model": ..., "predict": ...}, with "learn" where the model is trained on what was scored, or "adapt" in
    the place of "predict" for the predictor with a mixer.
    repaired: the weights have low-rank patches.
    groups and coder_tables: the bytes of `weights` by group of tensors and those of the entropy coder's
    tables, summing to its length; None: one group.

    Raises ArtifactTooLargeError if the file would have more than `limit` bytes. No file is at `path` then,
    not even one that was there before.
    """
    path.unlink(missing_ok=True)
    data, sizes = assemble(config=config, tokenizer=tokenizer, weights=weights, repaired=repaired)
    ledger = _ledger(len(data), sizes, groups or {"all": len(weights)}, coder_tables)
    if limit is not None and ledger.total > limit:
        raise ArtifactTooLargeError(_too_large(path, ledger, limit))
    write_atomic(path, data)
    return ledger


def assemble(
    *, config: dict[str, Any], tokenizer: bytes, weights: bytes, repaired: bool = False
) -> tuple[bytes, dict[str, int]]:
    """The artifact's bytes, and the bytes of each member in it.

    Weights are stored as they are: the size is that with empty weights, plus theirs.
    """
    starting, sources = starters(config, repaired=repaired), runtime_sources()
    shipped = {name: sources[name] for name in shipped_modules(config, tokenizer, repaired=repaired)}
    members = {name: source.encode() for name, source in starting.items()}
    members[CODE] = _solid(minify_modules(shipped, keep=STARTED))
    members[folders.CONFIG] = json.dumps(config, separators=(",", ":")).encode()
    members[folders.TOKENIZER] = tokenizer
    members[folders.WEIGHTS] = weights
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            # The earliest time that a zip can hold: the same parts make the same file.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, data, _method(name, data), compresslevel=9)
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    return buffer.getvalue(), sizes


def _solid(sources: Mapping[str, str]) -> bytes:
    """Names of modules, then their sources in the same order, NUL between them, compressed.

    The shortest come first: 47 bytes fewer for `local` than in the order of their names, 21 more for `baseline`.
    """
    order = sorted(sources, key=lambda name: len(sources[name]))
    names = [f"runtime.{name}".rstrip(".") for name in order]
    parts = [*names, *(sources[name] for name in order)]
    return lzma.compress("\0".join(parts).encode(), lzma.FORMAT_RAW, filters=FILTERS)


def _method(name: str, data: bytes) -> int:
    """Deflate what becomes smaller by it; weights are incompressible already."""
    if name == folders.WEIGHTS or len(zlib.compress(data, 9)) - 6 >= len(data):
        return zipfile.ZIP_STORED
    return zipfile.ZIP_DEFLATED


def _ledger(total: int, sizes: dict[str, int], groups: Mapping[str, int], coder_tables: int) -> ByteLedger:
    assert sum(groups.values()) + coder_tables == sizes[folders.WEIGHTS], (
        "groups and tables must account for all weights"
    )
    return ByteLedger(
        code=sum(size for name, size in sizes.items() if name in (CODE, MAIN, folders.ENTRY_MODULE)),
        tokenizer=sizes[folders.TOKENIZER],
        config=sizes[folders.CONFIG],
        groups=dict(groups),
        coder_tables=coder_tables,
        zip_overhead=total - sum(sizes.values()),
    )


def _too_large(path: Path, ledger: ByteLedger, limit: int) -> str:
    largest = ", ".join(f"{label} {size:,}" for label, size in ledger.rows()[:3])
    return (
        f"{path.name} would be {ledger.total:,} bytes, {ledger.total - limit:,} over the limit of {limit:,}; "
        f"largest: {largest}. Quantise these more coarsely or make the model smaller: fill = true finds how coarsely, "
        'but for the rules "max", "ternary" and "binary"; paramgolf pack FOLDER --recipe RECIPE packs again what was '
        "trained. Nothing was written"
    )
