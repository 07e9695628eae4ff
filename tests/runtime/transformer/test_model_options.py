"""What every choice of a model must keep, each alone and many together.

A feature depends on nothing behind its position and on nothing of another row; step by step the model gives what it
gives all at once; every parameter learns; the state holds all that makes the model, and is what the configuration says.
"""

from dataclasses import replace

import pytest
import torch

from paramgolf.runtime.tokenizer.base import END_OF_DOCUMENT
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import Block, LanguageModel
from paramgolf.runtime.transformer.stepping import Stepper
from paramgolf.train.recipe.model_checks import check_model

PLAIN = ModelConfig(vocab_size=260, width=16, layers=3, heads=2, kv_heads=1)
LOCAL = replace(PLAIN, windows=(4, 4, 8), ngrams=((2, 64, 8),), token_shift=True, softcap_kind="rational")
OPTIONS = {
    "plain": PLAIN,
    "windows": replace(PLAIN, windows=(4,)),
    "windows of two sizes": replace(PLAIN, windows=(4, 4, 8)),
    "full and windowed layers": replace(PLAIN, windows=(0, 4, 8)),
    "n-grams": replace(PLAIN, ngrams=((2, 64, 8), (3, 64, 8))),
    "token shift": replace(PLAIN, token_shift=True),
    "the local recipe's": LOCAL,
    "partial rotary": replace(PLAIN, rope_width=4),
    "polynomial softcap": replace(PLAIN, softcap_kind="polynomial", windows=(4,)),
    "no skips": replace(PLAIN, mirrored_skips=False),
    "smear": replace(PLAIN, smear=True),
    "leaky squared ReLU": replace(PLAIN, activation="leaky_relu_squared"),
    "SwiGLU": replace(PLAIN, activation="swiglu"),
    "gated heads": replace(PLAIN, attention_gate=5),
    "exclusive attention": replace(PLAIN, exclusive_attention=True, heads=4, kv_heads=2),
    "value residual": replace(PLAIN, value_residual=True),
    "value embedding": replace(PLAIN, value_embedding=(1, 2)),
    "parallel residual": replace(PLAIN, parallel_from=1, token_shift=True),
    "norm scale": replace(PLAIN, norm_scale=True),
    "linear attention": replace(PLAIN, mixers=("linear",)),
    "linear and windowed layers": replace(
        PLAIN, mixers=("linear", "attention", "linear"), windows=(4,), token_shift=True
    ),
    "recurrence": replace(PLAIN, order=(0, 1, 2, 1, 2), token_shift=True, windows=(4, 4, 8)),
    "recurrence of linear attention": replace(PLAIN, order=(0, 1, 1, 2), mixers=("linear",)),
    "universal transformer": replace(PLAIN, layers=1, order=(0, 0, 0, 0)),
    "tied blocks and value residual": replace(PLAIN, order=(0, 1, 1, 2), value_residual=True),
    "low rank": replace(PLAIN, attention_matrices="low_rank", mlp_matrices="low_rank", rank=4),
    "random maps": replace(PLAIN, mlp_matrices="random", rank=4, activation="swiglu"),
    "smooth in depth": replace(PLAIN, attention_matrices="smooth", mlp_matrices="smooth", degree=1),
    "factored embedding": replace(PLAIN, embedding_width=6),
    "many": replace(
        LOCAL,
        rope_width=4,
        smear=True,
        activation="leaky_relu_squared",
        attention_gate=4,
        exclusive_attention=True,
        value_residual=True,
        parallel_from=2,
        norm_scale=True,
        order=(0, 1, 2, 1, 2),
        mlp_matrices="low_rank",
        rank=4,
        embedding_width=6,
    ),
}


def random_model(config: ModelConfig) -> LanguageModel:
    """A model with no zero anywhere, so that every path carries something."""
    generator = torch.Generator().manual_seed(0)
    model = LanguageModel(config)
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.5
    return model.requires_grad_(False)


def random_tokens(*shape: int) -> torch.Tensor:
    tokens = torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1))
    tokens[..., 9] = END_OF_DOCUMENT
    return tokens


@pytest.fixture(params=OPTIONS)
def config(request) -> ModelConfig:
    return OPTIONS[request.param]


@pytest.fixture
def model(config) -> LanguageModel:
    return random_model(config)


def test_the_choices_go_together(config):
    check_model(config)


def test_changing_a_token_changes_no_feature_before_it_and_the_one_at_it(model):
    tokens = random_tokens(1, 90)
    before = model(tokens)
    for t in (0, 3, 4, 11, 20, 63, 64, 65, 89):
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


def test_tables_made_for_a_longer_text_give_the_same_features(model):
    tokens = random_tokens(2, 16)
    assert torch.equal(model(tokens, tables=model.tables(32, torch.device("cpu"))), model(tokens))


def test_step_by_step_gives_what_all_at_once_gives_and_lanes_can_be_dropped(model):
    tokens = random_tokens(3, 70)
    stepper = Stepper(model, 3, 70)
    rows = [stepper.step(tokens[:, t])[[2, 0]] for t in range(30)]
    stepper.keep(torch.tensor([2, 0]))
    rows += [stepper.step(tokens[[2, 0], t]) for t in range(30, 70)]
    expected = model.predictions(model(tokens[[2, 0]]))
    torch.testing.assert_close(torch.stack(rows, 1), expected, rtol=1e-4, atol=2e-4)


# Inside the first block of a window, at its end, blocks later; inside a second chunk of linear attention.
@pytest.mark.parametrize("length", [1, 8, 21, 66])
def test_a_beginning_fed_at_once_leaves_what_its_steps_leave(model, length):
    tokens = random_tokens(3, 90)
    stepper = Stepper(model, 3, 90)
    stepper.fill(tokens[:, :length])
    rows = [stepper.step(tokens[:, t]) for t in range(length, 80)]
    stepper.keep(torch.tensor([2, 0]))
    rows = [row[[2, 0]] for row in rows] + [stepper.step(tokens[[2, 0], t]) for t in range(80, 90)]
    expected = model.predictions(model(tokens[[2, 0]]))[:, length:]
    torch.testing.assert_close(torch.stack(rows, 1), expected, rtol=1e-4, atol=2e-4)


def test_a_feature_sees_no_further_back_than_the_model_says(model):
    reach = model.config.reach()
    tokens = random_tokens(1, 120)
    start = 0 if reach is None else (120 - reach) // 8 * 8
    if start:
        torch.testing.assert_close(
            model(tokens[:, start:])[:, -1], model(tokens)[:, -1], rtol=1e-5, atol=1e-5
        )


def test_gradients_reach_every_parameter(model):
    model.requires_grad_(True)
    model.logits(model(random_tokens(2, 12))).square().sum().backward()
    for name, parameter in model.named_parameters():
        if not parameter.numel():
            continue
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["linear and windowed layers", "random maps", "smooth in depth", "value embedding", "many"]
)
def test_blocks_compile_in_one_piece_and_then_compute_the_same(name):
    torch.compiler.reset()
    model = random_model(OPTIONS[name])
    # Traced as for the real compiler, but run as traced: quick, and a break of the graph is an error.
    block = torch.compile(Block.forward, backend="eager", fullgraph=True, dynamic=False, recompile_limit=64)
    tokens = random_tokens(2, 16)
    torch.testing.assert_close(model(tokens, block_forward=block), model(tokens), rtol=1e-5, atol=1e-5)


def test_another_model_of_the_state_is_the_same(model):
    again = LanguageModel(model.config)
    again.load_state_dict(dict(sorted(model.state_dict().items())))
    tokens = random_tokens(1, 12)
    assert torch.equal(again(tokens), model(tokens))
    assert {name for name, _ in model.named_parameters()} == set(model.state_dict())
