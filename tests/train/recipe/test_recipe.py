"""A recipe that is wrong says where, what was got, what is allowed; those that ship are right."""

import json

import pytest

from paramgolf.errors import ConfigError, UnknownNameError
from paramgolf.quantise.grids import QuantisationScheme
from paramgolf.runtime.predictor import PredictConfig
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.train.recipe.files import (
    LARGEST_RECIPE_FILE,
    load_recipe,
    recipe_folder,
    recipe_from,
    recipe_names,
)
from paramgolf.train.recipe.recipe import OptimizerRecipe, TrainingRecipe


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_that_ships_loads_by_name_and_by_path(name):
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.title
    assert load_recipe(str(recipe_folder() / f"{name}.toml")) == recipe


def test_baseline_and_local_ship():
    assert {"baseline", "local"} <= set(recipe_names())


def test_baseline_is_the_public_games():
    recipe = load_recipe("baseline")
    assert recipe.model == ModelConfig()
    assert (recipe.training.batch_tokens, recipe.training.sequence_length) == (524_288, 1024)
    assert (recipe.training.warmdown_steps, recipe.training.warmdown_fraction) == (1200, None)
    assert recipe.optimizer == OptimizerRecipe(
        matrix_learning_rate=0.04,
        embedding_learning_rate=0.05,
        vector_learning_rate=0.04,
        momentum=0.95,
        momentum_start=0.85,
        momentum_warmup_steps=500,
        newton_schulz_steps=5,
        betas=(0.9, 0.95),
    )
    # Beside int8 the matrices may be coarser: after few steps int8 is over the cap.
    schemes = recipe.schemes()
    matrices = schemes.pop("matrices")
    assert set(schemes.values()) == {QuantisationScheme(rule="max", limit=127)}
    assert (matrices.rule, matrices.limit, recipe.fill) == ("rms", 511, True)


def test_an_empty_recipe_has_the_defaults():
    recipe = recipe_from({}, "empty", "empty.toml")
    assert (recipe.model, recipe.training, recipe.predict) == (
        ModelConfig(),
        TrainingRecipe(),
        PredictConfig(),
    )


@pytest.mark.parametrize(
    ("rule", "rounds_from", "expected"),
    [("binary", 0.75, True), ("ternary", 0.2, True), ("ternary", None, False), ("loss", 0.75, False)],
)
def test_weights_trained_through_coarse_steps_are_no_model_without_them(rule, rounds_from, expected):
    table = {"training": {"quantise_from": rounds_from}} if rounds_from else {}
    recipe = recipe_from(table | {"weights": {"matrices": {"rule": rule}}}, "coarse", "coarse.toml")
    assert recipe.is_no_model_unrounded() == expected


def test_every_section_is_read(tmp_path):
    (tmp_path / "mine.toml").write_text(
        """
        title = "Mine"
        fill = true
        [tokenizer]
        vocab_size = 300
        [model]
        width = 32
        heads = 2
        kv_heads = 1
        layers = 2
        windows = [4, 8]
        ngrams = [[2, 64, 8]]
        logit_softcap = 20  # an integer where a number is asked for
        [training]
        sequence_length = 16
        batch_tokens = 64
        micro_batch_tokens = 32
        [optimizer]
        betas = [0.8, 0.9]
        [weights.ngrams]
        rule = "rms"
        limit = 1
        step = 1.5
        [predict]
        window = 32
        overlap = 8
        """
    )
    recipe = load_recipe(str(tmp_path / "mine.toml"))
    assert (recipe.name, recipe.title, recipe.fill) == ("mine", "Mine", True)
    assert recipe.model == ModelConfig(
        vocab_size=300,
        width=32,
        heads=2,
        kv_heads=1,
        layers=2,
        windows=(4, 8),
        ngrams=((2, 64, 8),),
        logit_softcap=20.0,
    )
    assert recipe.training.micro_batch_tokens == 32
    assert recipe.optimizer.betas == (0.8, 0.9)
    assert recipe.scheme("ngrams") == QuantisationScheme(rule="rms", limit=1, step=1.5)
    assert recipe.scheme("matrices") == QuantisationScheme()
    assert recipe.predict == PredictConfig(window=32, overlap=8)
    assert json.loads(json.dumps(recipe.to_dict())) == recipe.to_dict()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"modle": {}},
            r"no section named 'modle'. Did you mean 'model'\? Known: adapt, fill, learn, model",
        ),
        (
            {"model": {"widht": 8}},
            r"model.widht: no such key; did you mean 'width'\? remove it, or use one of vocab_size,",
        ),
        ({"training": {"steps": 8}}, "training.steps: no such key"),
        ({"training": {"rounding": "noise"}}, "training.rounding 'noise' needs quantise_from"),
        (
            {
                "training": {"rounding": "noise", "quantise_from": 0.5},
                "weights": {"matrices": {"rule": "ternary"}},
            },
            r"weights\.matrices\.rule is 'ternary', whose .* training\.rounding has to be 'nearest'",
        ),
        (
            {"training": {"calibration": "validation"}},
            "calibration: got 'validation'; expected 'training' or",
        ),
        (
            {"weights": {"control": {"feedback": True}}},
            r"weights\.control: feedback and repair_rank are for matrices that are applied to something",
        ),
        ({"weights": {"control": {"repair_rank": 1}}}, r"weights\.control: feedback and repair_rank"),
        (
            {"weights": {"matrices": {"repair_rank": 257}}},
            "repair_rank is 257, .* give a rank up to 256, or 0",
        ),
        (
            {"weights": {"matrices": {"repair_rank": 2, "repair_tensors": 0}}},
            "repair_tensors 0; give .* 1 tensor or more",
        ),
        (
            {"weights": {"matrices": {"feedback": True}}, "model": {"mlp_matrices": "smooth"}},
            r"weights\.matrices\.feedback: 'smooth' matrices are sums of what is stored",
        ),
        ({"weights": {"matrix": {}}}, r"no group of weights named 'matrix'. Did you mean 'matrices'\?"),
        (
            {"weights": {"matrices": {"limt": 3}}},
            "weights.matrices.limt: no such key; did you mean 'limit'",
        ),
        ({"weights": {"matrices": {"rule": "rsm"}}}, "'rsm'; allowed are 'max', 'rms'"),
        ({"weights": 3}, r"weights: got 3; give tables such as \[weights.matrices\]"),
        (
            {"model": {"vocab_size": 512}},
            "model.vocab_size: remove it; tokenizer.vocab_size is where it is set",
        ),
        ({"model": 3}, "model: got 3; expected an object"),
        ({"model": {"width": "wide"}}, "model.width: got 'wide'; expected a valid integer"),
        ({"model": {"width": 12.5}}, "model.width: got 12.5; expected a valid integer"),
        ({"model": {"token_shift": 1}}, "model.token_shift: got 1; expected a valid boolean"),
        ({"model": {"ngrams": [[2, 64]]}}, r"model.ngrams.0.2: missing"),
        ({"model": {"heads": 0}}, "model: .*heads is 0; give a positive number"),
        (
            {"model": {"softcap_kind": "clip"}},
            "softcap_kind is 'clip'; allowed are 'tanh', 'rational', 'polynomial'",
        ),
        (
            {"tokenizer": {"vocab_size": 256}},
            "tokenizer.vocab_size: got 256; .* greater than or equal to 257",
        ),
        (
            {"tokenizer": {"vocab_size": 65_537}},
            "tokenizer.vocab_size: got 65537; .* less than or equal to 65536",
        ),
        (
            {"training": {"sequence_length": 0}},
            "training.sequence_length: got 0; .* greater than or equal to 1",
        ),
        (
            {"training": {"batch_tokens": 1000}},
            "batch_tokens 1000 .* must be multiples of sequence_length 1024",
        ),
        ({"training": {"warmdown_fraction": 1.5}}, "warmdown_fraction: got 1.5; .* less than or equal to 1"),
        ({"training": {"quantise_from": -0.1}}, "quantise_from: got -0.1; .* greater than or equal to 0"),
        ({"optimizer": {"matrix_learning_rate": -1.0}}, "matrix_learning_rate: got -1.0; .* or equal to 0"),
        ({"optimizer": {"momentum": 1.0}}, "optimizer.momentum: got 1.0; .* less than 1"),
        ({"optimizer": {"betas": [0.9, 2.0]}}, "optimizer.betas.1: got 2.0; .* less than 1"),
        ({"training": {"ramp": [[0.5, 100, 1024]]}}, "sequences of 100 .* must divide sequence_length 1024"),
        ({"training": {"ramp": [[0.5, 512, 1000]]}}, "1000 tokens a step; .* be a multiple of it"),
        (
            {"training": {"ramp": [[0.5, 512, 1024], [0.5, 256, 1024]]}},
            r"shares are \[0.5, 0.5\]; each must be larger than the one before",
        ),
        ({"training": {"average_decay": 0.9}}, "average_decay needs average_from"),
        (
            {"training": {"warmdown_shape": "steep"}},
            "warmdown_shape: got 'steep'; .* 'linear', 'cosine' or 'sqrt'",
        ),
        (
            {"training": {"loop_from": 0.5}},
            "loop_from says when model.order begins, but there is no model.order",
        ),
        (
            {"optimizer": {"newton_schulz": "exact"}},
            "newton_schulz: got 'exact'; .* 'quintic' or 'polar_express'",
        ),
        ({"predict": {"window": 8, "overlap": 8}}, r"overlap is 8; allowed are 0 to 7"),
        ({"learn": {"scope": "ever"}}, "learn.scope: got 'ever'; .* 'document' or 'text'"),
        ({"learn": {"rate": 0.1, "chunk": 600}}, "learn: chunk is 600, read after predict.overlap 512"),
        ({"title": 3}, "title: got 3; expected a valid string"),
        ({"fill": "yes"}, "fill: got 'yes'; expected a valid boolean"),
    ],
)
def test_a_wrong_recipe_names_file_key_and_what_is_allowed(table, message):
    with pytest.raises(ConfigError, match=rf"mine\.toml: .*{message}"):
        recipe_from(table, "mine", "mine.toml")


def test_an_unknown_recipe_lists_near_matches():
    with pytest.raises(
        UnknownNameError, match=r"no recipe named 'bseline'. Did you mean 'baseline'\? Known: "
    ):
        load_recipe("bseline")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[model\nwidth = 3", "this is not TOML: .*line 1.*Fix that place"),
        (b"\xff\xfe", "this is not TOML"),
        (b"x = " + b"[" * 5000, "this is not TOML"),
        (b"#" * (LARGEST_RECIPE_FILE + 1), "larger than 262,144 bytes"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path, content, message):
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"bad\.toml: {message}"):
        load_recipe(str(tmp_path / "bad.toml"))


def test_a_missing_file_says_what_to_give(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read .*Give the path of a TOML file"):
        load_recipe(str(tmp_path / "none.toml"))
