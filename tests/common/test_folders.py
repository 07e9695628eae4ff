"""Names of files that several packages share are written once."""

import ast
from pathlib import Path

import paramgolf
from paramgolf.common import folders

PACKAGE = Path(paramgolf.__file__).parent
SHARED = {value for name, value in vars(folders).items() if name.isupper() and "." in value}
# What is not one of them although it has the name: an export's own manifest, a template of ours.
OTHERS = {("corpus/readers/token_shards.py", "manifest.json"), ("judge/verdict_page.py", "verdict.html")}


def test_no_other_module_writes_a_shared_name():
    """The runtime ships alone, and repeats them."""
    again = set()
    for path in PACKAGE.rglob("*.py"):
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith("runtime/") or place == "common/folders.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in SHARED:
                again.add((place, node.value))
    assert again == OTHERS
