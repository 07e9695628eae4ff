"""report.html: loads nothing, escapes everything, says what it must."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from paramgolf.lab.report.charts import smoothed
from paramgolf.lab.report.report import render_report


@pytest.fixture
def log(finished):
    return [json.loads(line) for line in (finished.folder / "log.jsonl").read_text().splitlines()]


class Tags(HTMLParser):
    """Every start tag with its attributes, and the text between tags."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_nothing_is_loaded_from_elsewhere(finished):
    page = (finished.folder / "report.html").read_text()
    for tag, attributes in Tags(page).tags:
        assert tag not in ("script", "link", "iframe", "object", "embed", "img")
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
    assert "@import" not in page
    assert not re.search(r"url\((?!#)", page)


def test_the_key_figures_are_there(finished):
    text = Tags((finished.folder / "report.html").read_text()).text
    result = finished.result
    assert f"{result.bits_per_byte:.4f} bits per byte, proven" in re.sub(r"\s+", " ", text)
    for shown in (f"{result.artifact_bytes:,}", f"{result.parameters:,}", result.artifact_sha256):
        assert shown in text
    for name in (*result.compressors, *(label for label, size in result.ledger if size)):
        assert name in text


def test_both_charts_have_a_text_alternative(finished):
    tags = Tags((finished.folder / "report.html").read_text()).tags
    figures = [attributes for tag, attributes in tags if tag == "figure"]
    assert len(figures) == 2
    assert all(f["role"] == "img" and "Training loss over" in f["aria-label"] for f in figures)
    assert sum(tag == "svg" for tag, _ in tags) == 2


def test_what_a_model_writes_is_escaped(finished, log):
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    result = replace(finished.result, samples=[{"prompt": hostile, "text": hostile}], recipe=hostile)
    page = render_report(result, log)
    assert hostile not in page
    assert hostile in Tags(page).text
    assert not {"script", "img"} & {tag for tag, _ in Tags(page).tags}


def test_a_failed_proof_and_a_missing_sandbox_are_shown(finished, log):
    result = replace(finished.result, proven=False, proof_failure="Document 3 differs.", isolation="none")
    text = Tags(render_report(result, log)).text
    assert "Document 3 differs." in text
    assert "Scored without a sandbox" in text
    assert "NOT proven" in text


def test_a_run_of_one_step_has_a_report_without_a_curve(finished, log):
    page = render_report(finished.result, log[:1])
    assert "Too few steps" in page
    assert "<svg" not in page


def test_smoothing_keeps_a_constant_and_halves_noise():
    assert np.allclose(smoothed(np.full(500, 3.0)), 3.0)
    noise = np.random.default_rng(0).normal(size=2000)
    assert smoothed(noise)[-500:].std() < 0.5
