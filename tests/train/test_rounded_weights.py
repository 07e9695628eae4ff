"""Training against rounding: inside are the weights of the artifact, outside the originals, untouched."""

import json
import zipfile
from dataclasses import asdict

import pytest
import torch

from paramgolf.pack.pack import pack_model
from paramgolf.quantise.grids import Grid, QuantisationScheme
from paramgolf.quantise.precision import Precision, rounded_weights
from paramgolf.runtime.predictor import load_from
from paramgolf.runtime.tokenizer.base import Tokenizer
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.runtime.transformer.model import LanguageModel
from paramgolf.runtime.transformer.roles import precision_groups
from paramgolf.runtime.weights import decode_weights
from paramgolf.train.optim.init import initialise
from paramgolf.train.recipe.files import recipe_from
from paramgolf.train.training_model import TrainingModel

CONFIG = ModelConfig(
    vocab_size=257,
    width=16,
    layers=2,
    heads=2,
    kv_heads=1,
    windows=(4,),
    ngrams=((2, 32, 8),),
    token_shift=True,
)
SCHEMES = {
    "matrices": QuantisationScheme(rule="rms", limit=3, step=0.6),
    "embedding": QuantisationScheme(rule="max", limit=15),
    "ngrams": QuantisationScheme(rule="rms", limit=1, step=1.5),
    "control": QuantisationScheme(),
}


@pytest.fixture
def model() -> LanguageModel:
    model = LanguageModel(CONFIG)
    initialise(model, 0)
    for parameter in model.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
    return model


def grids(model: LanguageModel) -> dict[str, Grid]:
    precision = Precision(SCHEMES, precision_groups(model))
    precision.decide(copy_of(model), None)
    return precision.grids(copy_of(model))


def copy_of(model: LanguageModel) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_originals_come_back_bit_for_bit(model):
    before = copy_of(model)
    with rounded_weights(model, grids(model)):
        assert not torch.equal(model.embedding, before["embedding"])
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


def test_originals_come_back_after_an_error_too(model):
    before = copy_of(model)
    with pytest.raises(RuntimeError), rounded_weights(model, grids(model)):
        raise RuntimeError
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


@pytest.mark.slow
def test_inside_are_the_weights_of_the_artifact(model, tmp_path):
    pack_model(
        model.state_dict(),
        config={"model": asdict(CONFIG), "predict": {}},
        tokenizer=Tokenizer().to_bytes(),
        precision=Precision(SCHEMES, precision_groups(model)),
        path=tmp_path / "model.pyz",
    )
    with zipfile.ZipFile(tmp_path / "model.pyz") as archive:
        config, tokenizer, weights = map(archive.read, ("config.json", "tokenizer.bin", "weights.bin"))
    packed = load_from(json.loads(config), tokenizer, weights, decode_weights).model.state_dict()
    with rounded_weights(model, grids(model)):
        for name, parameter in model.named_parameters():
            assert torch.equal(parameter, packed[name]), name


def test_gradients_are_those_at_the_rounded_weights_and_land_on_the_originals(model):
    training = TrainingModel(model, dtype=torch.float32, compiled=False, length=8, device=torch.device("cpu"))
    tokens, targets = torch.randint(0, 257, (2, 2, 8), generator=torch.Generator().manual_seed(2))
    with rounded_weights(model, grids(model)):
        rounded = copy_of(model)
        training(tokens, targets).backward()
    through = {name: p.grad.clone() for name, p in model.named_parameters()}
    model.zero_grad()
    model.load_state_dict(rounded)
    training(tokens, targets).backward()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter.grad, through[name]), name


def test_a_recipe_has_a_scheme_for_every_matrix(model):
    recipe = recipe_from(
        {"weights": {"ngrams": {"rule": "rms", "limit": 1, "step": 1.5}}}, "test", "test.toml"
    )
    assert set(recipe.schemes()) == set(SCHEMES)
    assert recipe.schemes()["ngrams"] == SCHEMES["ngrams"]
    assert recipe.schemes()["matrices"] == QuantisationScheme(rule="max", limit=127)
    precision = Precision(recipe.schemes(), precision_groups(model))
    precision.decide(copy_of(model), None)
    assert set(precision.grids(copy_of(model))) == set(copy_of(model))
