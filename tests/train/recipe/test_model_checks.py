"""Models that make no sense are refused in words that name the field and what is allowed."""

import math

import pytest

from paramgolf.errors import ConfigError
from paramgolf.runtime.mixer.state import AdaptConfig
from paramgolf.runtime.predictor import PredictConfig
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.runtime.transformer.config import ModelConfig
from paramgolf.train.recipe.model_checks import check_learning, check_model


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
        ({"softcap_kind": "clip"}, "softcap_kind is 'clip'; allowed are 'tanh', 'rational', 'polynomial'"),
        ({"activation": "gelu"}, "activation is 'gelu'; allowed are 'relu_squared', "),
        ({"mlp_matrices": "sparse"}, "mlp_matrices is 'sparse'; allowed are 'dense', 'low_rank', "),
        ({"mixers": ("mamba",)}, "mixers is 'mamba'; allowed are 'attention', 'linear'"),
        ({"mixers": ("linear",) * 3}, "mixers has 3 entries; give 1 or one for each of 9 layers"),
        (
            {"rope_width": 66},
            "rope_width is 66; give an even number up to a head's 64 channels, or 0 for all",
        ),
        ({"rope_width": 3}, "rope_width is 3; give an even number"),
        ({"rope_width": -2}, "rope_width is -2; give a positive number or 0"),
        ({"attention_gate": 513}, "attention_gate is 513; the most is width, 512"),
        ({"random_seed": 40_000}, "random_seed is 40000; the most is 32,767"),
        ({"order": (0, 9)}, r"order is \(0, 9\); layers are 0 to 8"),
        ({"order": (0, 1)}, "each of layers 0 to 8 must be in it"),
        ({"order": (*range(9), *[8] * 1000)}, "order has 1009 depths; the most is 1000"),
        ({"value_embedding": (9,)}, r"value_embedding is \(9,\); layers are 0 to 8"),
        ({"value_embedding": (1,), "value_residual": True}, "choose one of them"),
        ({"mixers": ("linear",), "value_residual": True}, "leave out value_residual and value_embedding"),
        ({"mixers": ("linear",), "windows": (8,)}, "no mixer is 'attention': leave windows out"),
        ({"mlp_matrices": "smooth", "degree": 9}, "degree is 9, with 9 layers: .*the most is 8"),
    ],
)
def test_an_impossible_model_names_the_field_and_what_is_allowed(fields, message):
    with pytest.raises(ConfigError, match=message):
        check_model(ModelConfig(**fields))


def test_the_defaults_make_sense():
    check_model(ModelConfig())


@pytest.mark.parametrize(
    ("fields", "model", "message"),
    [
        ({"rate": -0.1}, {}, "rate is -0.1; give 0, which learns nothing, or a positive number"),
        ({"rate": math.inf}, {}, "rate is inf; give 0"),
        ({"chunk": 0}, {}, "chunk is 0; give 1 or more tokens"),
        ({"lora_rank": -1}, {}, "lora_rank is -1; give 1 to width, 512, or 0 for all weights"),
        ({"lora_rank": 513}, {}, "lora_rank is 513; give 1 to width, 512"),
        (
            {"rate": 0.1, "chunk": 600},
            {},
            "chunk is 600, read after predict.overlap 512: more than predict.window 1024",
        ),
        (
            {"rate": 0.1, "lora_rank": 4},
            {"mlp_matrices": "low_rank"},
            "mlp_matrices 'low_rank': adapters are for 'dense' matrices; set lora_rank to 0",
        ),
    ],
)
def test_learning_that_cannot_be_names_the_field_and_what_is_allowed(fields, model, message):
    with pytest.raises(ConfigError, match=message):
        check_learning(LearnConfig(**fields), ModelConfig(**model), PredictConfig(), AdaptConfig())


@pytest.mark.parametrize("scope", ["document", "text"])
def test_learning_and_a_mixer_are_refused_together_with_the_reason(scope):
    mixer = AdaptConfig(contexts=("last1",))
    check_learning(LearnConfig(scope=scope), ModelConfig(), PredictConfig(), mixer)
    with pytest.raises(
        ConfigError, match=r"rate is 0.1, but the step that \[adapt\] contexts compile has no"
    ):
        check_learning(LearnConfig(rate=0.1, scope=scope), ModelConfig(), PredictConfig(), mixer)
