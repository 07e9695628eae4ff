"""How long a site of many entries takes to build, and how large its front page is.

    python benchmarks/site.py [--entries N]

The entries are made up: three seeds, a verdict of 47 findings, three curves, parents and a write-up of 500 bytes each.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

from paramgolf.board.site import build_site

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "board"))
from site_factory import large_board

FRONT = ("index.html", "site.css", "theme.js", "board.js")


def processor_seconds() -> float:
    """Of this process and of those it started and saw end: what a busy machine changes little."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Build twice in an empty folder: all of it, then with nothing changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=2000)
    standings = large_board(parser.parse_args().entries)
    with tempfile.TemporaryDirectory() as folder:
        for label in ("first", "unchanged"):
            begin, busy = time.perf_counter(), processor_seconds()
            built = build_site(standings, Path(folder), title="paramgolf")
            print(f"{label}_seconds: {time.perf_counter() - begin:.2f}")
            print(f"{label}_processor_seconds: {processor_seconds() - busy:.2f}", flush=True)
        sizes = {name: (Path(folder) / name).stat().st_size for name in (*FRONT, "rows.js", "all.html")}
        pages = [path.stat().st_size for path in Path(folder).glob("entries/*/index.html")]
    print(f"entries: {len(standings.rows)}\nfiles: {built.files}")
    print(f"front_page_bytes: {sum(sizes[name] for name in FRONT)}")
    for name, size in sizes.items():
        print(f"{name}: {size}")
    print(f"entry_page_bytes: {sum(pages) // len(pages)}")


if __name__ == "__main__":
    main()
