"""Training on a GPU, as far as it can be shown without one: every tensor is there, every product in bfloat16."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def traced() -> dict[str, Any]:
    script = Path(__file__).parent / "trace_on_gpu.py"
    result = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_weights_optimizer_state_and_loss_are_float32_on_the_gpu_after_a_resume_too(traced):
    assert traced["kept"] == ["gpu:0 torch.float32"]


def test_every_product_is_bfloat16(traced):
    assert traced["products"] == ["torch.bfloat16"]
    assert traced["features"] == "torch.bfloat16"


def test_where_a_recipe_asks_for_it_large_products_are_of_integers(traced):
    assert traced["products_of_integers"] == ["torch.bfloat16", "torch.int8"]


def test_the_trace_finds_what_is_planted(traced):
    planted = traced["planted"]
    for plant in ("a_table_on_the_cpu", "a_mask_on_the_cpu", "a_momentum_on_the_cpu"):
        found = planted[plant].partition("at least two devices, ")[2]
        assert found.startswith(("gpu:0 and cpu", "cpu and gpu:0")), plant
    assert "of ['torch.bfloat16', 'torch.float32']" in planted["products_of_two_precisions"]


def test_the_record_recipe_steps_at_its_full_size_before_and_in_its_loops(traced):
    assert traced["record"]["kept"] == ["gpu:0 torch.float32"]
    assert 30e6 < traced["record"]["parameters"] < 40e6
