"""Initial weights are those of the public game's baseline."""

import math

import pytest
import torch

from paramgolf.runtime.transformer.attention import parameter
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.train.optim.init import initialise

CONFIG = ModelConfig(
    vocab_size=300, width=64, layers=3, heads=4, kv_heads=2, ngrams=((2, 512, 32),), token_shift=True
)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    return fresh(0)


def fresh(seed: int) -> dict[str, torch.Tensor]:
    model = LanguageModel(CONFIG)
    initialise(model, seed)
    return {name: p.detach() for name, p in model.named_parameters()}


def leaves(weights: dict[str, torch.Tensor], *names: str) -> list[torch.Tensor]:
    found = [t for name, t in weights.items() if name.rsplit(".", 1)[-1] in names]
    assert found
    return found


def test_what_writes_into_the_stream_starts_at_zero(weights):
    assert not any(t.any() for t in leaves(weights, "out", "down"))


def test_embeddings_have_a_deviation_of_0_005(weights):
    for tensor in leaves(weights, "embedding", "table"):
        assert float(tensor.std()) == pytest.approx(0.005, rel=0.03)
        assert abs(float(tensor.mean())) < 2e-4


def test_every_head_starts_with_a_gain_of_1_5(weights):
    gains = leaves(weights, "gain")
    assert all(torch.equal(gain, torch.full((4,), 1.5)) for gain in gains)


def test_scales_and_skips_start_at_1_and_the_embedding_is_mixed_in_later(weights):
    assert all((t == 1).all() for t in leaves(weights, "attention_scale", "mlp_scale", "skips"))
    assert all((t[0] == 1).all() and not t[1].any() for t in leaves(weights, "residual_mix"))
    assert not any(t.any() for t in leaves(weights, "shift"))


def test_other_matrices_are_uniform_up_to_the_root_of_their_inputs(weights):
    for tensor in leaves(weights, "query", "key", "value", "up", "project"):
        bound = tensor.size(1) ** -0.5
        assert float(tensor.abs().max()) <= bound
        assert float(tensor.std()) == pytest.approx(bound / math.sqrt(3), rel=0.05)


def test_a_fresh_model_guesses_nothing(weights):
    model = LanguageModel(CONFIG)
    model.load_state_dict(weights)
    tokens = torch.randint(0, 300, (2, 16), generator=torch.Generator().manual_seed(0))
    loss = torch.nn.functional.cross_entropy(
        model.logits(model(tokens))[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()
    )
    assert loss.item() == pytest.approx(math.log(300), rel=0.01)


def test_a_seed_repeats_the_weights_and_another_does_not(weights):
    again, other = fresh(0), fresh(1)
    assert all(torch.equal(again[name], weights[name]) for name in weights)
    assert not torch.equal(other["embedding"], weights["embedding"])


def test_the_seed_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    fresh(5)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_parameter_without_a_role_is_an_error_that_says_how_to_make_one():
    model = LanguageModel(CONFIG)
    model.blocks[1].extra = torch.nn.Parameter(torch.empty(3))
    with pytest.raises(ValueError, match=r"without a role: blocks\.1\.extra\. Make each with .*role="):
        initialise(model, 0)


def test_a_role_has_to_be_given_where_a_parameter_is_made():
    with pytest.raises(TypeError, match="role"):
        parameter(3)
