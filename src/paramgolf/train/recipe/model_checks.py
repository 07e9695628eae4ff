"""Which choices of a ModelConfig make sense, alone and together, and which go with a predictor that learns.

Here and not in the runtime, which ships in artifacts and is counted.
"""

from collections.abc import Iterable
from math import inf

from paramgolf.errors import ConfigError
from paramgolf.runtime.mixer.state import AdaptConfig
from paramgolf.runtime.predictor import PredictConfig
from paramgolf.runtime.test_time_training import LearnConfig
from paramgolf.runtime.transformer.config import ModelConfig

LARGEST_SOFTCAP = 75.0  # the sum of exp() of 65,536 logits stays a float32
MOST_DEPTHS = 1000
LARGEST_RANDOM_SEED = 32_767
CHOICES = {
    "softcap_kind": ("tanh", "rational", "polynomial"),
    "activation": ("relu_squared", "leaky_relu_squared", "swiglu"),
    "attention_matrices": ("dense", "low_rank", "random", "smooth"),
    "mlp_matrices": ("dense", "low_rank", "random", "smooth"),
}
MIXERS = ("attention", "linear")
# Fields of one number that may be 0.
MAY_BE_ZERO = ("rope_width", "attention_gate", "random_seed", "degree", "embedding_width", "parallel_from")


# What runtime/mixer/compiled_transformer.py reads; all other options must be as they are by default.
COMPILED = (
    *("vocab_size", "width", "layers", "heads", "kv_heads", "mlp_ratio", "windows", "rope_base", "q_gain"),
    *("logit_softcap", "softcap_kind", "ngrams", "token_shift", "mirrored_skips"),
)
# Products are made eight rows at a time.
ROWS = 8


def check_model(config: ModelConfig) -> None:
    """Raises ConfigError that names the field, what it holds and what is allowed."""
    for name, value in vars(config).items():
        least = 0 if name in MAY_BE_ZERO else None
        if type(value) in (int, float) and not (value == least or 0 < value < inf):
            raise ConfigError(f"{name} is {value}; give a positive number{' or 0' if least == 0 else ''}")
    for name, allowed in CHOICES.items():
        _check_choice(name, getattr(config, name), allowed)
    for mixer in config.mixers:
        _check_choice("mixers", mixer, MIXERS)
    _check_heads(config)
    _check_random_seed(config)
    _check_windows(config)
    _check_layers(config)
    _check_together(config)


def _check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}; allowed are {', '.join(map(repr, allowed))}")


def _check_heads(config: ModelConfig) -> None:
    if config.logit_softcap > LARGEST_SOFTCAP:
        raise ConfigError(f"logit_softcap is {config.logit_softcap}; the most is {LARGEST_SOFTCAP}")
    if config.width % config.heads or config.heads % config.kv_heads:
        raise ConfigError(
            f"width {config.width}, heads {config.heads}, kv_heads {config.kv_heads}: heads must divide width "
            "and kv_heads must divide heads"
        )
    if config.head_width % 2:
        raise ConfigError(f"a head is {config.head_width} wide; rotary embedding needs an even width")
    if config.rope_width % 2 or config.rope_width > config.head_width:
        raise ConfigError(
            f"rope_width is {config.rope_width}; give an even number up to a head's {config.head_width} channels, or "
            "0 for all"
        )
    if config.attention_gate > config.width:
        raise ConfigError(f"attention_gate is {config.attention_gate}; the most is width, {config.width}")


def _check_random_seed(config: ModelConfig) -> None:
    if config.random_seed > LARGEST_RANDOM_SEED:
        raise ConfigError(f"random_seed is {config.random_seed}; the most is {LARGEST_RANDOM_SEED:,}")


def _check_windows(config: ModelConfig) -> None:
    if any(size < 1 for sizes in config.ngrams for size in sizes) or any(w < 0 for w in config.windows):
        raise ConfigError(
            f"ngrams are {config.ngrams}, windows {config.windows}: order, buckets, width of each n-gram must be 1 "
            "or more, windows 0 or more"
        )
    longest = max(config.windows, default=0)
    if any(w and longest % w for w in config.windows):
        raise ConfigError(f"windows are {config.windows}: each must divide the longest")


def _check_layers(config: ModelConfig) -> None:
    for name in ("windows", "mixers"):
        count = len(getattr(config, name))
        if count not in (1, config.layers):
            raise ConfigError(f"{name} has {count} entries; give 1 or one for each of {config.layers} layers")
    for name in ("order", "value_embedding"):
        if any(not 0 <= layer < config.layers for layer in getattr(config, name)):
            raise ConfigError(f"{name} is {getattr(config, name)}; layers are 0 to {config.layers - 1}")
    if config.order and set(config.order) != set(range(config.layers)):
        raise ConfigError(f"order is {config.order}; each of layers 0 to {config.layers - 1} must be in it")
    if len(config.order) > MOST_DEPTHS:
        raise ConfigError(f"order has {len(config.order)} depths; the most is {MOST_DEPTHS}")


def _check_together(config: ModelConfig) -> None:
    if config.value_residual and config.value_embedding:
        raise ConfigError(
            "value_residual and value_embedding both give attention a second value; choose one of them"
        )
    if "linear" in config.mixers and (config.value_residual or config.value_embedding):
        raise ConfigError(
            "mixers 'linear' scale values by their decay, so no values of others mix in: leave out value_residual "
            "and value_embedding"
        )
    if all(mixer == "linear" for mixer in config.mixers) and any(config.windows):
        raise ConfigError(f"windows are {config.windows}, but no mixer is 'attention': leave windows out")
    if "smooth" in (config.attention_matrices, config.mlp_matrices) and config.degree >= config.layers:
        raise ConfigError(
            f"degree is {config.degree}, with {config.layers} layers: that many polynomials save nothing; the "
            f"most is {config.layers - 1}"
        )


def check_adaptable(config: ModelConfig) -> None:
    """Raises ConfigError that names what the compiled step of the model cannot do."""
    defaults = ModelConfig()
    for name, value in vars(config).items():
        if name not in COMPILED and value != getattr(defaults, name):
            raise ConfigError(
                f"{name} is {value!r}, which [adapt] has no compiled step for; leave {name} or [adapt] out"
            )
    if config.softcap_kind != "rational" or not all(config.windows):
        raise ConfigError(
            f"softcap_kind is {config.softcap_kind!r}, windows are {config.windows}; [adapt] needs 'rational' and a "
            "window in every layer"
        )
    if config.width % ROWS or int(config.width * config.mlp_ratio) % ROWS:
        raise ConfigError(
            f"width {config.width} and {config.mlp_ratio} times that: [adapt] needs multiples of {ROWS}"
        )


def check_learning(
    learning: LearnConfig, model: ModelConfig, predict: PredictConfig, adapt: AdaptConfig
) -> None:
    """Raises ConfigError that names the field of [learn], what it holds and what is allowed."""
    if not 0 <= learning.rate < inf:
        raise ConfigError(f"rate is {learning.rate}; give 0, which learns nothing, or a positive number")
    if learning.chunk < 1:
        raise ConfigError(f"chunk is {learning.chunk}; give 1 or more tokens")
    if not 0 <= learning.lora_rank <= model.width:
        raise ConfigError(
            f"lora_rank is {learning.lora_rank}; give 1 to width, {model.width}, or 0 for all weights"
        )
    if not learning.rate:
        return
    if adapt.contexts:
        raise ConfigError(
            f"rate is {learning.rate}, but the step that [adapt] contexts compile has no gradients: set rate to 0 or "
            "leave the contexts out"
        )
    if learning.chunk + predict.overlap > predict.window:
        raise ConfigError(
            f"chunk is {learning.chunk}, read after predict.overlap {predict.overlap}: more than predict.window "
            f"{predict.window}; make one of the first two smaller"
        )
    if learning.lora_rank and {model.attention_matrices, model.mlp_matrices} != {"dense"}:
        raise ConfigError(
            f"lora_rank is {learning.lora_rank}, with attention_matrices {model.attention_matrices!r} and mlp_matrices "
            f"{model.mlp_matrices!r}: adapters are for 'dense' matrices; set lora_rank to 0, which trains all weights"
        )
