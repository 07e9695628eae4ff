"""Sizes and choices of a language model. A variant is a plain field."""

from dataclasses import dataclass
from typing import Annotated

# The linear mixer's state counts as so many positions of a key-value cache for each channel of a head.
STATE_POSITIONS = 0.5


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes and choices of a LanguageModel; the defaults are those of the public game's naive baseline.

    Values that make no sense are refused where recipes are read (train/recipe/model_checks.py): checks would ship.
    """

    vocab_size: Annotated[int, "Tokens that the model knows; the tokenizer sets it."] = 1024
    width: Annotated[int, "Channels of the stream that runs through all layers."] = 512
    layers: Annotated[int, "Blocks of attention and MLP."] = 9
    heads: Annotated[int, "Query heads of each attention; they share the width."] = 8
    kv_heads: Annotated[
        int,
        "Key/value heads, each serving heads / kv_heads query heads (Ainslie et al. 2023).",
    ] = 4
    mlp_ratio: Annotated[float, "The MLP's hidden width, in widths of the model."] = 2.0
    windows: Annotated[
        tuple[int, ...],
        "A layer's attention reaches over its own block of `window` tokens and the block before; 0: over "
        "everything. One entry for each layer, or one for all.",
    ] = (0,)
    rope_base: Annotated[
        float,
        "Wavelengths of the rotary embedding grow up to about this many tokens (Su et al. 2021).",
    ] = 10_000.0
    rope_width: Annotated[
        int,
        "How many channels of a head are rotated; 0: all (record "
        "2026-03-21_11L_XSA4_EMA_PartialRoPE_LateQAT_1.1248).",
    ] = 0
    q_gain: Annotated[
        float,
        "What the gain of each head on its normalised queries starts from: sharper attention above 1.",
    ] = 1.5
    logit_softcap: Annotated[float, "Logits are bent so that none passes this size."] = 30.0
    softcap_kind: Annotated[
        str,
        '"tanh"; "rational": x / sqrt(1 + (x/cap)^2), the same limits and slope, cheaper on a CPU; or '
        '"polynomial".',
    ] = "tanh"
    ngrams: Annotated[
        tuple[tuple[int, int, int], ...],
        "Hashed embeddings of the last `order` tokens, (order, buckets, width) each: added to the token's "
        "embedding.",
    ] = ()
    token_shift: Annotated[
        bool,
        "Mix each position with the one before, by channel, in front of attention and MLP (Peng et al. 2023, "
        "RWKV).",
    ] = False
    smear: Annotated[
        bool,
        "Add the embedding before, gated, inside a document (record 2026-04-27_SmearGateBOSFix_...).",
    ] = False
    activation: Annotated[
        str,
        '"relu_squared" (So et al. 2021); "leaky_relu_squared" (record '
        '2026-03-23_LeakyReLU_LegalTTT_ParallelMuon); "swiglu" (Shazeer 2020), which has a third matrix.',
    ] = "relu_squared"
    attention_gate: Annotated[
        int,
        "Channels of the input that a gate on each head's output reads; 0: no gate.",
    ] = 0
    exclusive_attention: Annotated[bool, "Heads lose what lies along a position's own value."] = False
    value_residual: Annotated[bool, "Later layers mix in the first layer's values."] = False
    value_embedding: Annotated[
        tuple[int, ...],
        "Layers that mix values from a table of tokens into their own.",
    ] = ()
    parallel_from: Annotated[
        int | None,
        "From this layer on attention and MLP read the same input (Wang and Komatsuzaki 2021, GPT-J); None: "
        "in no layer.",
    ] = None
    norm_scale: Annotated[bool, "Inputs of a layer's attention and MLP shrink by 1/sqrt(layer + 1)."] = False
    mixers: Annotated[
        tuple[str, ...],
        '"attention", or "linear": attention without softmax, with forgetting. One entry for each layer, or '
        "one for all.",
    ] = ("attention",)
    mirrored_skips: Annotated[
        bool,
        "Outputs of the first half of the depths are added, scaled by channel, to the inputs of their "
        "mirrors (Ronneberger et al. 2015, U-Net).",
    ] = True
    order: Annotated[
        tuple[int, ...],
        "Which block runs at each depth, (0, 1, 1, 2) say; empty: each once. A block may come again: depth "
        "recurrence, tied blocks, or with one layer the universal transformer (Dehghani et al. 2019).",
    ] = ()
    attention_matrices: Annotated[
        str,
        'What the matrices of attention are made of: "dense", "low_rank", "random" or "smooth".',
    ] = "dense"
    mlp_matrices: Annotated[str, "The same of the MLPs."] = "dense"
    rank: Annotated[int, 'Rank of "low_rank" matrices, and of the adapters of "random" ones.'] = 32
    random_seed: Annotated[int, 'What "random" matrices are grown from.'] = 1
    degree: Annotated[int, 'The highest power of depth in "smooth" matrices.'] = 2
    embedding_width: Annotated[
        int,
        "Width of the token embedding's rows; 0: the model's (Lan et al. 2020, ALBERT).",
    ] = 0

    @property
    def head_width(self) -> int:
        """Channels of one head."""
        return self.width // self.heads

    @property
    def depths(self) -> tuple[int, ...]:
        """The block that runs at each depth."""
        return self.order or tuple(range(self.layers))

    def window(self, layer: int) -> int:
        """The attention window of `layer`, 0 for full attention."""
        return self.windows[layer % len(self.windows)]

    def mixer(self, layer: int) -> str:
        """The kind of mixer of `layer`."""
        return self.mixers[layer % len(self.mixers)]

    def remembered(self, limit: int) -> float:
        """Positions that caches hold for a text of `limit` tokens, over all depths."""
        return sum(
            2 * self.window(i) or limit if self.mixer(i) == "attention" else STATE_POSITIONS * self.head_width
            for i in self.depths
        )

    def reach(self) -> int | None:
        """How many positions back a feature can see, or None where that has no bound."""
        if any(self.mixer(i) != "attention" or not self.window(i) for i in self.depths):
            return None
        # A block of attention sees two windows, a token shift one place more, twice; smear one, n-grams their order.
        seen = sum(2 * self.window(i) + 2 for i in self.depths)
        return seen + 1 + max((order for order, _, _ in self.ngrams), default=1)
