"""Sizes and choices of a language model. A variant is a plain field."""

from dataclasses import dataclass

# The linear mixer's state counts as so many positions of a key-value cache for each channel of a head.
STATE_POSITIONS = 0.5


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes and choices of a LanguageModel; the defaults are those of the public game's naive baseline.

    Values that make no sense are refused where recipes are read (train/recipe/model_checks.py): checks would ship.
    """

    # Tokens that the model knows; the tokenizer sets it.
    vocab_size: int = 1024
    # Channels of the stream that runs through all layers.
    width: int = 512
    # Blocks of attention and MLP.
    layers: int = 9
    # Query heads of each attention; they share the width.
    heads: int = 8
    # Key/value heads, each serving heads / kv_heads query heads (Ainslie et al. 2023).
    kv_heads: int = 4
    # The MLP's hidden width, in widths of the model.
    mlp_ratio: float = 2.0
    # A layer's attention reaches over its own block of `window` tokens and the block before; 0: over everything.
    # One entry for each layer, or one for all.
    windows: tuple[int, ...] = (0,)
    # Wavelengths of the rotary embedding grow up to about this many tokens (Su et al. 2021).
    rope_base: float = 10_000.0
    # How many channels of a head are rotated; 0: all (record 2026-03-21_11L_XSA4_EMA_PartialRoPE_LateQAT_1.1248).
    rope_width: int = 0
    # What the gain of each head on its normalised queries starts from: sharper attention above 1.
    q_gain: float = 1.5
    # Logits are bent so that none passes this size.
    logit_softcap: float = 30.0
    # "tanh"; "rational": x / sqrt(1 + (x/cap)^2), the same limits and slope, cheaper on a CPU; or "polynomial".
    softcap_kind: str = "tanh"
    # Hashed embeddings of the last `order` tokens, (order, buckets, width) each: added to the token's embedding.
    ngrams: tuple[tuple[int, int, int], ...] = ()
    # Mix each position with the one before, by channel, in front of attention and MLP (Peng et al. 2023, RWKV).
    token_shift: bool = False
    # Add the embedding before, gated, inside a document (record 2026-04-27_SmearGateBOSFix_...).
    smear: bool = False
    # "relu_squared" (So et al. 2021); "leaky_relu_squared" (record 2026-03-23_LeakyReLU_LegalTTT_ParallelMuon);
    # "swiglu" (Shazeer 2020), which has a third matrix.
    activation: str = "relu_squared"
    # Channels of the input that a gate on each head's output reads; 0: no gate.
    attention_gate: int = 0
    # Heads lose what lies along a position's own value.
    exclusive_attention: bool = False
    # Later layers mix in the first layer's values.
    value_residual: bool = False
    # Layers that mix values from a table of tokens into their own.
    value_embedding: tuple[int, ...] = ()
    # From this layer on attention and MLP read the same input (Wang and Komatsuzaki 2021, GPT-J); None: in no layer.
    parallel_from: int | None = None
    # Inputs of a layer's attention and MLP shrink by 1/sqrt(layer + 1).
    norm_scale: bool = False
    # "attention", or "linear": attention without softmax, with forgetting. One entry for each layer, or one for all.
    mixers: tuple[str, ...] = ("attention",)
    # Outputs of the first half of the depths are added, scaled by channel, to the inputs of their mirrors (Ronneberger
    # et al. 2015, U-Net).
    mirrored_skips: bool = True
    # Which block runs at each depth, (0, 1, 1, 2) say; empty: each once. A block may come again: depth recurrence, tied
    # blocks, or with one layer the universal transformer (Dehghani et al. 2019).
    order: tuple[int, ...] = ()
    # What the matrices of attention are made of: "dense", "low_rank", "random" or "smooth" (factored.py).
    attention_matrices: str = "dense"
    # The same of the MLPs.
    mlp_matrices: str = "dense"
    # Rank of "low_rank" matrices, and of the adapters of "random" ones.
    rank: int = 32
    # What "random" matrices are grown from.
    random_seed: int = 1
    # The highest power of depth in "smooth" matrices.
    degree: int = 2
    # Width of the token embedding's rows; 0: the model's (Lan et al. 2020, ALBERT).
    embedding_width: int = 0

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
