"""model.pyz: a zip that Python runs and imports from. The same parts make the same bytes.

The runtime's modules are one compressed member, which costs a fifth less than a member each: entry.py unpacks it in
memory and gives Python a finder of its modules.
"""

import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paramgolf.errors import ArtifactTooLargeError
from paramgolf.files import write_atomic
from paramgolf.pack.ledger import Ledger
from paramgolf.pack.minify import minify_modules, runtime_sources
from paramgolf.runtime.tokenizer import BPE, BYTES, CASE, UNIGRAM

WEIGHTS = "weights.bin"
CODE = "code"
# The module that reads weights in the place of another where it ships.
REPAIR = "repair"
# LZMA without a container; these settings suit a few ten thousand characters of Python.
FILTERS: list[dict[str, int]] = [
    {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 0, "nice_len": 273, "depth": 1000}
]
PREDICTOR = "runtime.predictor"
STARTERS = {
    "__main__.py": "import entry;from runtime.cli import main;main()",
    "entry.py": f"""import lzma,sys
from importlib.util import spec_from_loader
R=__file__[:-8]
C=lzma.decompress(__loader__.get_data(R+{CODE!r}),3,None,[{{"id":{FILTERS[0]["id"]},"dict_size":1<<20,"pb":0}}])
C=dict(zip(*[iter(C.decode().split("\\0"))]*2))
class F:
 get_data=__loader__.get_data
 def find_spec(n,*a):
  if n in C:return spec_from_loader(n,F,is_package=n=="runtime")
 def create_module(s):0
 def exec_module(m):m.__file__=R+"runtime/";exec(C[m.__name__],m.__dict__)
sys.meta_path.append(F)
def load():
 from {PREDICTOR} import load;return load()""",
}


def build_artifact(
    path: Path,
    *,
    config: dict[str, Any],
    tokenizer: bytes,
    weights: bytes,
    modules: list[str] | None = None,
    limit: int | None = None,
    groups: Mapping[str, int] | None = None,
    coder_tables: int = 0,
) -> Ledger:
    """Write model.pyz to `path`, atomically, and account for its bytes.

    config: {"model": ..., "predict": ...}, with "learn" where the model is trained on what was scored, or "adapt" in
    the place of "predict" for the predictor with a mixer.
    modules: those of the runtime that ship, None
    for all; of other kinds of tokenizers than this none ships. Given "repair", weights are read by it.
    groups and coder_tables: the bytes of `weights` by group of tensors and those of the entropy coder's
    tables, summing to its length; None: one group.

    Raises ArtifactTooLargeError if the file would have more than `limit` bytes. No file is at `path` then,
    not even one that was there before.
    """
    path.unlink(missing_ok=True)
    data, sizes = assemble(config=config, tokenizer=tokenizer, weights=weights, modules=modules)
    ledger = _ledger(len(data), sizes, groups or {"all": len(weights)}, coder_tables)
    if limit is not None and ledger.total > limit:
        raise ArtifactTooLargeError(_too_large(path, ledger, limit))
    write_atomic(path, data)
    return ledger


def assemble(
    *, config: dict[str, Any], tokenizer: bytes, weights: bytes, modules: list[str] | None = None
) -> tuple[bytes, dict[str, int]]:
    """The artifact's bytes, and the bytes of each member in it.

    Weights are stored as they are: the size is that with empty weights, plus theirs.
    """
    needed = needed_modules(tokenizer)
    sources = {name: source for name, source in runtime_sources(modules).items() if name in needed}
    if modules is not None and REPAIR in modules:
        sources = {
            name: source
            if name == REPAIR
            else source.replace("from .weights import", f"from .{REPAIR} import")
            for name, source in sources.items()
        }
    sources = minify_modules(sources)
    predictor = "adaptive" if "adapt" in config else "learning" if "learn" in config else "predictor"
    members = {
        name: source.replace(PREDICTOR, f"runtime.{predictor}").encode() for name, source in STARTERS.items()
    }
    members[CODE] = _solid(sources)
    members["config.json"] = json.dumps(config, separators=(",", ":")).encode()
    members["tokenizer.bin"] = tokenizer
    members[WEIGHTS] = weights
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            # The earliest time that a zip can hold: the same parts make the same file.
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            archive.writestr(info, data, _method(name, data), compresslevel=9)
        sizes = {info.filename: info.compress_size for info in archive.infolist()}
    return buffer.getvalue(), sizes


def needed_modules(tokenizer: bytes) -> list[str]:
    """The runtime's modules that a packed tokenizer needs: all but those of other kinds of tokenizers."""
    kind = tokenizer[0] if tokenizer else BYTES
    needed = {"bpe": kind & ~CASE == BPE, "unigram": kind & ~CASE == UNIGRAM, "case": kind & CASE}
    return [name for name in runtime_sources() if needed.get(name, True)]


def _solid(sources: Mapping[str, str]) -> bytes:
    """Names and sources of modules, NUL between them, compressed."""
    names = {name: "runtime" if name == "__init__" else f"runtime.{name}" for name in sources}
    parts = [part for name, source in sources.items() for part in (names[name], source)]
    return lzma.compress("\0".join(parts).encode(), lzma.FORMAT_RAW, filters=FILTERS)


def _method(name: str, data: bytes) -> int:
    """Deflate what becomes smaller by it; weights are incompressible already."""
    if name == WEIGHTS or len(zlib.compress(data, 9)) - 6 >= len(data):
        return zipfile.ZIP_STORED
    return zipfile.ZIP_DEFLATED


def _ledger(total: int, sizes: dict[str, int], groups: Mapping[str, int], coder_tables: int) -> Ledger:
    assert sum(groups.values()) + coder_tables == sizes[WEIGHTS], (
        "groups and tables must account for all weights"
    )
    return Ledger(
        code=sum(size for name, size in sizes.items() if name == CODE or name in STARTERS),
        tokenizer=sizes["tokenizer.bin"],
        config=sizes["config.json"],
        groups=dict(groups),
        coder_tables=coder_tables,
        zip_overhead=total - sum(sizes.values()),
    )


def _too_large(path: Path, ledger: Ledger, limit: int) -> str:
    largest = ", ".join(f"{label} {size:,}" for label, size in ledger.rows()[:3])
    return (
        f"{path.name} would be {ledger.total:,} bytes, {ledger.total - limit:,} over the limit of {limit:,}; "
        f"largest: {largest}. Quantise these more coarsely or make the model smaller: fill = true finds how coarsely, "
        'but for the rules "max", "ternary" and "binary"; paramgolf pack FOLDER --recipe RECIPE packs again what was '
        "trained. Nothing was written"
    )
