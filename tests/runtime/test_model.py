"""The model is causal, has the baseline's exact size, and its attention is what it says."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from paramgolf.runtime.model import (
    LanguageModel,
    ModelConfig,
    block_attention,
    block_mask,
    rms_norm,
    rope_table,
    rotate,
    softcap,
)
from paramgolf.train.recipe import load_recipe

FULL = ModelConfig(vocab_size=260, width=16, layers=3, heads=2, kv_heads=1)
VARIANTS = {
    "full": FULL,
    "windows": replace(FULL, windows=(4,)),
    "windows of two sizes": replace(FULL, windows=(4, 4, 8)),
    "full and windowed layers": replace(FULL, windows=(0, 4, 8)),
    "ngrams": replace(FULL, ngrams=((2, 64, 8), (3, 64, 8))),
    "token shift": replace(FULL, token_shift=True, windows=(4,), softcap_kind="rational"),
}


def random_model(config: ModelConfig, seed: int = 0) -> LanguageModel:
    """A model with no zero anywhere, so that every path carries something."""
    generator = torch.Generator().manual_seed(seed)
    model = LanguageModel(config)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    return model.requires_grad_(False)


def random_tokens(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randint(0, 260, shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(params=VARIANTS)
def model(request) -> LanguageModel:
    return random_model(VARIANTS[request.param])


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


def test_gradients_reach_every_parameter():
    model = random_model(replace(FULL, windows=(0, 4, 8), ngrams=((2, 64, 8),), token_shift=True))
    model.requires_grad_(True)
    model.logits(model(random_tokens(2, 12))).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_changing_a_token_changes_no_feature_before_it_and_the_one_at_it(model):
    tokens = random_tokens(1, 21)
    before = model(tokens)
    for t in (0, 3, 4, 11, 20):
        changed = tokens.clone()
        changed[0, t] = (changed[0, t] + 1) % 260
        after = model(changed)
        assert torch.equal(after[:, :t], before[:, :t])
        assert not torch.allclose(after[:, t], before[:, t])


def test_what_follows_the_length_asked_for_does_not_matter(model):
    # 21 is no multiple of any window: rows are padded inside.
    tokens = random_tokens(2, 40)
    torch.testing.assert_close(model(tokens[:, :21]), model(tokens)[:, :21], rtol=1e-5, atol=1e-5)


def test_rows_of_a_batch_do_not_see_each_other(model):
    tokens = random_tokens(3, 13)
    alone = torch.cat([model(row[None]) for row in tokens])
    torch.testing.assert_close(model(tokens), alone, rtol=1e-5, atol=1e-5)


def test_a_window_sees_its_own_block_and_the_one_before_and_no_further():
    model = random_model(replace(FULL, layers=1, windows=(4,)))
    tokens = random_tokens(1, 16)
    before = model(tokens)
    changed = tokens.clone()
    changed[0, 5] = (changed[0, 5] + 1) % 260
    same = [torch.equal(a, b) for a, b in zip(model(changed)[0], before[0], strict=True)]
    assert same == [True] * 5 + [False] * 7 + [True] * 4


def test_made_tables_give_the_same_features(model):
    tokens = random_tokens(2, 16)
    tables = model.tables(16, torch.device("cpu"))
    assert torch.equal(model(tokens, tables=tables), model(tokens))


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


@pytest.mark.parametrize("kind", ["tanh", "rational"])
def test_softcap_bounds_logits_and_leaves_small_ones(kind):
    logits = torch.tensor([-1e4, -40.0, -1e-2, 0.0, 1e-2, 40.0, 1e4])
    capped = softcap(logits, 30.0, kind)
    assert capped.abs().max() <= 30
    assert capped[-1] == pytest.approx(30, abs=1e-3)
    assert (capped.diff() > 0).all()
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


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"width": 30, "heads": 4}, "width 30, heads 4, kv_heads 4: heads must divide width"),
        ({"heads": 8, "kv_heads": 3}, "kv_heads 3: heads must divide width and kv_heads must divide heads"),
        ({"width": 24, "heads": 8, "kv_heads": 8}, "a head is 3 wide; rotary embedding needs an even width"),
        ({"windows": (4, 4)}, "windows has 2 entries; give 1 or one for each of 9 layers"),
        ({"windows": (4,) * 8 + (6,)}, "each must divide the longest"),
        ({"heads": 0}, "heads is 0; give a positive number"),
        ({"layers": -1}, "layers is -1; give a positive number"),
        ({"rope_base": math.nan}, "rope_base is nan; give a positive number"),
        ({"logit_softcap": 90.0}, "logit_softcap is 90.0; the most is 75"),
        ({"ngrams": ((2, 0, 8),)}, "order, buckets, width of each n-gram must be 1 or more"),
        ({"windows": (-4,)}, "windows 0 or more"),
        ({"softcap_kind": "clip"}, "softcap_kind is 'clip'; allowed are 'tanh' and 'rational'"),
    ],
)
def test_impossible_config_names_the_field_and_what_is_allowed(fields, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**fields)
