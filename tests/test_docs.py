"""What the documents point at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_glossary_names_code_that_is_there():
    rows = [
        line for line in (ROOT / "docs" / "glossary.md").read_text().splitlines() if line.startswith("| ")
    ]
    paths = [path for row in rows for path in re.findall(r"`([^`]*/[^`]*)`", row.split(" | ")[2])]
    assert len(paths) > 50
    for path in paths:
        assert (ROOT / "src" / "paramgolf" / path).exists() or (ROOT / path).exists(), path
