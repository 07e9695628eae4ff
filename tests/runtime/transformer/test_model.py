"""The model has the baseline's exact size; each of its parts is what it says. The rest is in test_model_options.py."""

import hashlib
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.transformer.attention import block_attention, block_mask, rms_norm, rope_table, rotate
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.factored import grown
from paramgolf.runtime.transformer.linear_attention import gated_scan
from paramgolf.runtime.transformer.model import LanguageModel, softcap
from paramgolf.train.recipe.files import load_recipe

FULL = ModelConfig(vocab_size=260, width=16, layers=3, heads=2, kv_heads=1)


def random_model(config: ModelConfig, seed: int = 0) -> LanguageModel:
    """A model with no zero anywhere, so that every path carries something."""
    generator = torch.Generator().manual_seed(seed)
    model = LanguageModel(config)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    return model.requires_grad_(False)


def random_tokens(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 260, shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (ModelConfig(), 17_059_912),
        (load_recipe("baseline").model, 17_059_912),
        (ModelConfig(width=128, layers=3, heads=4, kv_heads=2), 476_812),
    ],
    ids=["defaults", "recipe", "small"],
)
def test_baseline_has_exactly_the_public_games_parameters(config, parameters):
    with torch.device("meta"):
        assert sum(p.numel() for p in LanguageModel(config).parameters()) == parameters


def test_a_window_sees_its_own_block_and_the_one_before_and_no_further():
    model = random_model(replace(FULL, layers=1, windows=(4,)))
    tokens = random_tokens(1, 16)
    before = model(tokens)
    changed = tokens.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 260
    same = [torch.equal(a, b) for a, b in zip(model(changed)[0], before[0], strict=True)]
    assert same == [True] * 5 + [False] * 7 + [True] * 4


@pytest.mark.parametrize("window", [2, 8])
def test_block_attention_is_masked_attention_over_the_same_positions(window):
    generator = torch.Generator().manual_seed(0)
    B, T, K, G, E = 2, 16, 2, 3, 4
    q = torch.randn(B, T, K, G, E, generator=generator, requires_grad=True)
    k = torch.randn(B, T, K, E, generator=generator, requires_grad=True)
    v = torch.randn(B, T, K, E, generator=generator, requires_grad=True)
    mask = block_mask(T // window, window, torch.device("cpu"))
    ours = block_attention(q, k, v, mask)

    position = torch.arange(T)
    reachable = (position[:, None] // window - 1) * window
    allowed = (position[None] <= position[:, None]) & (position[None] >= reachable)
    expected = F.scaled_dot_product_attention(
        q.view(B, T, K * G, E).transpose(1, 2),
        k.transpose(1, 2).repeat_interleave(G, dim=1),
        v.transpose(1, 2).repeat_interleave(G, dim=1),
        attn_mask=allowed,
        scale=1.0,
    )
    expected = expected.transpose(1, 2).reshape(B, T, -1)
    torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-5)

    upstream = torch.randn(ours.shape, generator=generator)
    for mine, theirs in zip(
        torch.autograd.grad(ours, (q, k, v), upstream),
        torch.autograd.grad(expected, (q, k, v), upstream),
        strict=True,
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_window_as_long_as_the_text_is_full_attention():
    windowed, full = random_model(replace(FULL, windows=(16,))), random_model(FULL)
    tokens = random_tokens(2, 16)
    torch.testing.assert_close(windowed(tokens), full(tokens), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["tanh", "rational", "polynomial"])
def test_softcap_bounds_logits_and_leaves_small_ones(kind):
    logits = torch.tensor([-1e4, -40.0, -1e-2, 0.0, 1e-2, 40.0, 1e4])
    capped = softcap(logits, 30.0, kind)
    assert capped.abs().max() <= 30
    assert capped[-1] == pytest.approx(30, abs=1e-3)
    assert (capped.diff() >= 0).all()
    torch.testing.assert_close(capped[2:5], logits[2:5], rtol=1e-6, atol=1e-6)


def test_logits_of_the_model_are_capped_and_float32():
    model = random_model(replace(FULL, logit_softcap=2.0))
    model.embedding.mul_(100)
    logits = model.logits(model(random_tokens(1, 8), torch.bfloat16))
    assert logits.dtype == torch.float32
    assert 1.9 < logits.abs().max() <= 2.0


def test_rotation_keeps_lengths_and_makes_products_depend_on_distance_alone():
    cos, sin = rope_table(torch.tensor([3, 10, 103, 110]), 8, 10_000.0)
    q, k = torch.randn(2, 8)
    turned_q, turned_k = rotate(q.expand(4, 8), cos, sin), rotate(k.expand(4, 8), cos, sin)
    torch.testing.assert_close(turned_q.norm(dim=1), q.norm().expand(4))
    assert float(turned_q[1] @ turned_k[0]) == pytest.approx(float(turned_q[3] @ turned_k[2]), abs=1e-4)


def test_the_rope_table_is_the_exact_one_rounded():
    # In float32 the last bits differ, and from run to run where several threads share the work.
    cos, sin = rope_table(torch.arange(1024), 32, 10_000.0)
    angles = np.arange(1024)[:, None] * 10_000.0 ** -(np.arange(0, 32, 2) / 32)
    assert np.array_equal(cos.numpy(), np.cos(angles).astype(np.float32))
    assert np.array_equal(sin.numpy(), np.sin(angles).astype(np.float32))


def test_rotation_frequencies_fall_from_1_by_the_base():
    cos, _ = rope_table(torch.tensor([1]), 4, 10_000.0)
    torch.testing.assert_close(cos[0], torch.tensor([math.cos(1.0), math.cos(0.01)]))


def test_rms_norm_gives_mean_square_1():
    assert float(rms_norm(torch.randn(64) * 5).square().mean()) == pytest.approx(1.0, abs=1e-4)


def test_partial_rotation_leaves_the_other_channels_and_turns_the_first_as_a_narrower_head():
    x = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))
    cos, sin = rope_table(torch.arange(5), 8, 100.0)
    turned = rotate(x, cos, sin)
    assert torch.equal(turned[:, 8:], x[:, 8:])
    assert torch.equal(turned[:, :8], rotate(x[:, :8], cos, sin))


def test_smear_carries_nothing_from_one_document_into_the_next():
    model = random_model(replace(FULL, smear=True))
    first, second = random_tokens(2, 6)
    second[0] = END_OF_DOCUMENT
    x = model.embed([torch.cat((first, second))[None]], torch.float32)
    torch.testing.assert_close(x[:, 6:], model.embed([second[None]], torch.float32))
    inside = model.embed([second[None, 1:]], torch.float32)
    assert not torch.allclose(inside[:, 0], x[:, 7])


def test_exclusive_attention_has_nothing_along_a_positions_own_value():
    config = replace(FULL, exclusive_attention=True, heads=2, kv_heads=1)
    attention = random_model(config).blocks[0].attention
    attention.out.data = torch.eye(16)
    y, v = torch.randn(2, 7, 16), torch.randn(2, 7, 1, 8)
    out = attention.finish(y, v, torch.randn(2, 7, 16)).view(2, 7, 2, 8)
    assert (out * v).sum(-1).abs().max() < 1e-5
    assert out.abs().max() > 0.1


def test_a_gate_that_learnt_nothing_leaves_heads_as_they_are():
    gated, plain = random_model(replace(FULL, attention_gate=4)), random_model(FULL)
    plain.load_state_dict({n: t for n, t in gated.state_dict().items() if "head_gate" not in n})
    for block in gated.blocks:
        block.attention.head_gate.zero_()
    tokens = random_tokens(1, 9)
    torch.testing.assert_close(gated(tokens), plain(tokens))


def test_values_of_the_first_layer_take_the_place_of_a_later_layers_own():
    model = random_model(replace(FULL, value_residual=True))
    for block in model.blocks[1:]:
        block.attention.value_mix.copy_(torch.tensor([0.0, 1.0]))
    tokens = random_tokens(1, 9)
    before = model(tokens)
    model.blocks[2].attention.value.mul_(7)
    assert torch.equal(model(tokens), before)
    model.blocks[0].attention.value.mul_(7)
    assert not torch.allclose(model(tokens), before)


def test_looped_blocks_are_copies_of_one():
    looped = random_model(replace(FULL, layers=2, order=(0, 1, 1)))
    copied = random_model(replace(FULL, layers=3))
    state = looped.state_dict()
    state |= {n.replace("blocks.1.", "blocks.2."): t for n, t in state.items() if "blocks.1." in n}
    copied.load_state_dict(state)
    tokens = random_tokens(2, 9)
    assert torch.equal(looped(tokens), copied(tokens))


def test_generated_maps_are_in_no_state_and_the_same_everywhere():
    model = random_model(replace(FULL, mlp_matrices="random", rank=2))
    assert not any("base" in name for name in model.state_dict())
    assert hashlib.sha256(grown(65_537, 40, 24).numpy().tobytes()).hexdigest().startswith("e6dfc5677a4d5904")
    maps = [block.up.base for block in model.blocks]
    assert not torch.equal(maps[0], maps[1])


def test_generated_maps_are_uniform_with_the_variance_of_initial_weights():
    matrix = grown(3, 300, 200).numpy() * 200**0.5
    assert abs(matrix).max() <= 1
    assert matrix.std() == pytest.approx(3**-0.5, rel=0.01)
    assert abs(np.corrcoef(matrix)[np.triu_indices(300, 1)]).max() < 0.4


def test_smooth_matrices_are_polynomials_of_depth():
    model = random_model(replace(FULL, layers=4, mlp_matrices="smooth", degree=2))
    shared = model.shared.up
    at = [block.up(torch.eye(16)).T for block in model.blocks]
    # Legendre's polynomials at depths -1, -1/3, 1/3 and 1.
    torch.testing.assert_close(at[0], shared[0] - shared[1] + shared[2])
    torch.testing.assert_close(at[2], shared[0] + shared[1] / 3 - shared[2] / 3)
    # Third differences of a quadratic vanish.
    assert (at[3] - 3 * at[2] + 3 * at[1] - at[0]).abs().max() < 1e-5


@pytest.mark.parametrize("length", [1, 63, 64, 150])
def test_linear_attention_is_the_recurrence_that_defines_it(length):
    generator = torch.Generator().manual_seed(0)
    q = torch.randn(2, length, 2, 3, 4, generator=generator)
    k, v = torch.randn(2, 2, length, 2, 4, generator=generator)
    log_decay = -torch.rand(2, length, 2, generator=generator) * 3
    state, expected = torch.zeros(2, 2, 4, 4), []
    for t in range(length):
        state = log_decay[:, t].exp()[..., None, None] * state + k[:, t, :, :, None] * v[:, t, :, None]
        expected.append(q[:, t] @ state)
    torch.testing.assert_close(gated_scan(q, k, v, log_decay), torch.stack(expected, 1), rtol=1e-4, atol=1e-4)


def test_linear_attention_forgets_all_at_once_without_overflow():
    q = torch.ones(1, 130, 1, 1, 4)
    out = gated_scan(q, q[:, :, 0], q[:, :, 0], torch.full((1, 130, 1), -90.0))
    torch.testing.assert_close(out, torch.full_like(out, 4.0))
