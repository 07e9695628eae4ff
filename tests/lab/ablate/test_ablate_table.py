"""What an ablation shows: readable in 80 columns, and the best change first."""

import io

import pytest
from rich.console import Console

from paramgolf.lab.ablate.ablate import Ablation, Effect
from paramgolf.lab.ablate.corpus import HeldBack
from paramgolf.lab.ablate.one_run import Measured
from paramgolf.lab.ablate.paired import paired
from paramgolf.lab.ablate.table import markdown, print_ablation


def _measured(packed: float | None) -> Measured:
    return Measured(
        float_bits_per_byte=2.2738,
        packed_bits_per_byte=packed,
        artifact_bytes=None if packed is None else 499_906,
        tokenizer_bytes=8_000,
        parameters=1_383_688,
        tokens=19_401_408,
        steps=98,
        seconds=18.5,
        tokens_per_second=121_720.0,
        bytes_per_token=3.4,
        device="core 0",
    )


def _comparison(change: str, *differences: float, too_large: bool = False) -> Effect:
    return Effect(
        change=change,
        base=[_measured(2.2705) for _ in differences],
        variant=[_measured(None if too_large else 2.2705 + d) for d in differences],
        packed=None if too_large else paired(differences),
        unpacked=paired(differences),
    )


@pytest.fixture
def ablation() -> Ablation:
    return Ablation(
        recipe="local-plain",
        challenge="practice",
        corpus="embedded",
        seeds=3,
        budget="1,354,256 bytes of text",
        held_back=HeldBack(documents=45, bytes=301_084, by_site=True),
        at_once=2,
        commit=None,
        comparisons=[
            _comparison(
                "model.width = 160; model.layers = 4; model.windows = [32, 32, 64, 64]", 0.02, 0.03, 0.01
            ),
            _comparison("weights.matrices.limit = 127", 0.05, 0.06, 0.04, too_large=True),
            _comparison("model.kv_heads = 2", -0.0116, -0.0103, -0.0110),
        ],
    )


def _shown(ablation: Ablation) -> str:
    out = io.StringIO()
    print_ablation(ablation, Console(file=out, width=80))
    return out.getvalue()


def test_nothing_is_cut_off_in_a_plain_terminal(ablation):
    shown = _shown(ablation)
    assert "…" not in shown
    for whole in ("-0.0126 to -0.0094", "19,401,408", "too large", "121,720"):
        assert whole in shown


def test_several_changes_come_in_one_table_the_best_first(ablation):
    overview = _shown(ablation).split("all changes, the best first")[1]
    changes = ("model.kv_heads", "model.width", "weights.matrices")
    assert sorted(changes, key=overview.index) == list(changes)
    assert "too large" in overview


def test_one_change_needs_no_table_of_all(ablation):
    del ablation.comparisons[1:]
    assert "all changes" not in _shown(ablation)


def test_rows_for_the_docs_have_the_best_first(ablation):
    rows = markdown(ablation).splitlines()[2:]
    assert [row.split("`")[1][:12] for row in rows] == ["model.kv_hea", "model.width ", "weights.matr"]
