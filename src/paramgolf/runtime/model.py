"""The language model: a small decoder-only transformer whose variants are plain fields of ModelConfig.

Shapes: B batch, T time, D width, H query heads, K key/value heads, G = H/K, E head width,
W window, N blocks of W, V vocabulary.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LARGEST_SOFTCAP = 75.0  # the sum of exp() of 65,536 logits stays a float32


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes and choices of a LanguageModel; the defaults are those of the public game's naive baseline."""

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
    # What the gain of each head on its normalised queries starts from: sharper attention above 1.
    q_gain: float = 1.5
    # Logits are bent so that none passes this size.
    logit_softcap: float = 30.0
    # "tanh", or "rational": x / sqrt(1 + (x/cap)^2), the same limits and slope, cheaper on a CPU
    softcap_kind: str = "tanh"
    # Hashed embeddings of the last `order` tokens, (order, buckets, width) each: added to the token's embedding.
    ngrams: tuple[tuple[int, int, int], ...] = ()
    # Mix each position with the one before, by channel, in front of attention and MLP (Peng et al. 2023, RWKV).
    token_shift: bool = False

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) in (int, float) and not 0 < value < inf:
                raise ValueError(f"{name} is {value}; give a positive number")
        if self.logit_softcap > LARGEST_SOFTCAP:
            raise ValueError(f"logit_softcap is {self.logit_softcap}; the most is {LARGEST_SOFTCAP}")
        if any(size < 1 for sizes in self.ngrams for size in sizes) or any(w < 0 for w in self.windows):
            raise ValueError(
                f"ngrams are {self.ngrams}, windows {self.windows}: order, buckets, width of each n-gram must be 1 "
                "or more, windows 0 or more"
            )
        if self.width % self.heads or self.heads % self.kv_heads:
            raise ValueError(
                f"width {self.width}, heads {self.heads}, kv_heads {self.kv_heads}: heads must divide width "
                "and kv_heads must divide heads"
            )
        if (self.width // self.heads) % 2:
            raise ValueError(
                f"a head is {self.width // self.heads} wide; rotary embedding needs an even width"
            )
        if len(self.windows) not in (1, self.layers):
            raise ValueError(
                f"windows has {len(self.windows)} entries; give 1 or one for each of {self.layers} layers"
            )
        if self.softcap_kind not in ("tanh", "rational"):
            raise ValueError(f"softcap_kind is {self.softcap_kind!r}; allowed are 'tanh' and 'rational'")

        longest = max(self.windows)
        if any(w and longest % w for w in self.windows):
            raise ValueError(f"windows are {self.windows}: each must divide the longest")

    @property
    def head_width(self) -> int:
        """Channels of one head."""
        return self.width // self.heads

    def window(self, layer: int) -> int:
        """The attention window of `layer`, 0 for full attention."""
        return self.windows[layer] if len(self.windows) > 1 else self.windows[0]


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x @ weight.T in the precision of x: weights stay float32, products use what x uses."""
    return F.linear(x, weight.to(x.dtype))


def rms_norm(x: Tensor) -> Tensor:
    """Root-mean-square normalisation over the last dimension, no weights (Zhang and Sennrich 2019)."""
    return F.rms_norm(x, (x.size(-1),), eps=1e-6)


def softcap(logits: Tensor, cap: float, kind: str) -> Tensor:
    """Bound logits to (-cap, cap) with slope 1 at 0."""
    if kind == "tanh":
        return cap * torch.tanh(logits / cap)
    return logits * torch.rsqrt(1.0 + (logits / cap).square())


def rope_table(positions: Tensor, head_width: int, base: float) -> tuple[Tensor, Tensor]:
    """cos and sin of the rotary embedding at `positions` [T], float32 [T, E/2] each (Su et al. 2021).

    Computed in float64 and rounded: the float32 functions give another last bit from run to run where several
    threads share the work, and then text that one process compressed is lost to the next.
    """
    exponents = torch.arange(0, head_width, 2, device=positions.device, dtype=torch.float64) / head_width
    angles = positions.double()[:, None] * base**-exponents
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs (i, i + E/2) of the last dimension; cos and sin broadcast against half of it."""
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos + b * sin, b * cos - a * sin), dim=-1)


def block_attention(q_BTKGE: Tensor, k_BTKE: Tensor, v_BTKE: Tensor, mask: Tensor) -> Tensor:
    """Causal attention over a position's own block of `window` tokens and the block before, [B, T, H*E].

    mask is block_mask(N, W); T = N * W. Query and keys are RMS-normalised with a bounded gain, so that the softmax
    needs no pass for the maximum. Two batched matrix products a layer: on a CPU several times faster than a
    fused attention kernel, and it never looks further than 2 * window tokens.
    """
    B, T, K, G, E = q_BTKGE.shape
    N, _, W, _ = mask.shape
    q = q_BTKGE.reshape(B, N, W, K, G, E).permute(0, 3, 1, 4, 2, 5).reshape(B * K * N, G * W, E)
    k = _with_previous_block(k_BTKE.transpose(1, 2).reshape(B, K, N, W, E)).reshape(B * K * N, 2 * W, E)
    v = _with_previous_block(v_BTKE.transpose(1, 2).reshape(B, K, N, W, E)).reshape(B * K * N, 2 * W, E)
    scores = torch.bmm(q, k.transpose(1, 2)).view(B * K, N, G, W, 2 * W).float()
    weights = torch.exp(scores) * mask
    # The inverse sum scales the output, E numbers a row, instead of the weights, 2W numbers.
    inverse = weights.sum(-1, keepdim=True).reciprocal()
    out = torch.bmm(weights.to(v.dtype).view(B * K * N, G * W, 2 * W), v).view(B * K, N, G, W, E)
    out = (out * inverse.to(out.dtype)).view(B, K, N, G, W, E)
    return out.permute(0, 2, 4, 1, 3, 5).reshape(B, T, K * G * E)


def _with_previous_block(x_BKNWE: Tensor) -> Tensor:
    """Each block behind the block before it (zeros before the first), [B, K, N, 2W, E]."""
    return torch.cat((F.pad(x_BKNWE[:, :, :-1], (0, 0, 0, 0, 1, 0)), x_BKNWE), dim=3)


def block_mask(blocks: int, window: int, device: torch.device) -> Tensor:
    """1 where a query may look, float32 [N, 1, W, 2W]: causal, and nothing before the first block."""
    query = torch.arange(window, device=device)[:, None] + window
    key = torch.arange(2 * window, device=device)[None, :]
    first = torch.arange(blocks, device=device)[:, None, None, None] == 0
    return ((key <= query) & ~(first & (key < window))).float()


Tables = tuple[Tensor, Tensor, dict[int, Tensor]]


class Attention(nn.Module):
    """Causal self-attention with grouped key/value heads, rotary embedding, QK norm and a gain for each head."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        D, E = config.width, config.head_width
        self.heads, self.kv_heads, self.head_width = config.heads, config.kv_heads, E
        self.window = config.window(layer)
        self.query = nn.Parameter(torch.empty(D, D))
        self.key = nn.Parameter(torch.empty(config.kv_heads * E, D))
        self.value = nn.Parameter(torch.empty(config.kv_heads * E, D))
        self.out = nn.Parameter(torch.empty(D, D))
        self.gain = nn.Parameter(torch.empty(config.heads))

    def project(self, x_BTD: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised and rotated q [B, T, H, E] (scaled by its gain and 1/sqrt(E)), k and v [B, T, K, E]."""
        B, T, _ = x_BTD.shape
        H, K, E = self.heads, self.kv_heads, self.head_width
        # One product instead of three, and queries and keys share norm and rotation.
        weight = torch.cat((self.query, self.key, self.value))
        qk, v = linear(x_BTD, weight).view(B, T, H + 2 * K, E).split((H + K, K), dim=2)
        gain = torch.cat((self.gain * E**-0.5, self.gain.new_ones(K))).to(x_BTD.dtype)
        cos, sin = (t[:, None, :].to(x_BTD.dtype) for t in (cos, sin))
        q, k = rotate(rms_norm(qk) * gain[:, None], cos, sin).split((H, K), dim=2)
        return q, k, v

    def forward(self, x_BTD: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
        """Attention of each position to those before it; mask is block_mask where the layer has a window."""
        q, k, v = self.project(x_BTD, cos, sin)
        B, T, H, E = q.shape
        if mask is not None:
            y = block_attention(q.reshape(B, T, self.kv_heads, H // self.kv_heads, E), k, v, mask)
        else:
            q, k, v = (t.transpose(1, 2) for t in (q, k, v))
            y = F.scaled_dot_product_attention(
                q, k, v, is_causal=True, scale=1.0, enable_gqa=self.kv_heads != H
            )
            y = y.transpose(1, 2).reshape(B, T, H * E)
        return linear(y, self.out)


class Block(nn.Module):
    """Attention, then a squared-ReLU MLP (So et al. 2021), scaled by channel, on a stream mixed with the embedding."""

    def __init__(self, config: ModelConfig, layer: int) -> None:
        super().__init__()
        D, hidden = config.width, int(config.width * config.mlp_ratio)
        self.attention = Attention(config, layer)
        self.up = nn.Parameter(torch.empty(hidden, D))
        self.down = nn.Parameter(torch.empty(D, hidden))
        self.attention_scale = nn.Parameter(torch.empty(D))
        self.mlp_scale = nn.Parameter(torch.empty(D))
        self.residual_mix = nn.Parameter(torch.empty(2, D))
        self.shift = nn.Parameter(torch.empty(2, D)) if config.token_shift else None

    def forward(self, x: Tensor, x0: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None) -> Tensor:
        """The stream x and the embedding stream x0 [B, T, D] -> the stream behind this block."""
        return self.run(x, x0, lambda h: self.attention(h, cos, sin, mask), lambda i, h: previous_position(h))

    def run(
        self,
        x: Tensor,
        x0: Tensor,
        attend: Callable[[Tensor], Tensor],
        previous: Callable[[int, Tensor], Tensor],
    ) -> Tensor:
        """The block over any way to attend to the past and to look one position back: all at once or step by step.

        previous(0, h) is asked in front of attention, previous(1, h) in front of the MLP.
        """
        mix = self.residual_mix.to(x.dtype)
        x = mix[0] * x + mix[1] * x0
        x = x + self.attention_scale.to(x.dtype) * attend(self._shifted(0, rms_norm(x), previous))
        h = self._shifted(1, rms_norm(x), previous)
        h = linear(F.relu(linear(h, self.up)).square(), self.down)
        return x + self.mlp_scale.to(x.dtype) * h

    def _shifted(self, i: int, h: Tensor, previous: Callable[[int, Tensor], Tensor]) -> Tensor:
        if self.shift is None:
            return h
        return h + self.shift[i].to(h.dtype) * (previous(i, h) - h)


class NgramEmbedding(nn.Module):
    """A table indexed by a hash of the last `order` tokens, projected to the model's width."""

    def __init__(self, order: int, buckets: int, width: int, model_width: int) -> None:
        super().__init__()
        self.order, self.buckets = order, buckets
        self.table = nn.Parameter(torch.empty(buckets, width))
        self.project = nn.Parameter(torch.empty(model_width, width))

    def bucket(self, history: list[Tensor]) -> Tensor:
        """Hash of tokens (newest first), integers as wide as the tokens given: any shape, values in [0, buckets)."""
        h = history[0].long()
        for token in history[1 : self.order]:
            # Multiplication by a large odd constant and a fold of the high bits (Knuth's multiplicative hash).
            h = h * 0x9E3779B1 + token
            h = (h ^ (h >> 15)) & 0x7FFFFFFF
        return h % self.buckets

    def forward(self, history: list[Tensor], dtype: torch.dtype) -> Tensor:
        return linear(F.embedding(self.bucket(history), self.table).to(dtype), self.project)


def shifted(x_BT: Tensor, by: int) -> Tensor:
    """Tokens moved `by` places to the right; the gap holds zeros."""
    return F.pad(x_BT, (by, 0))[:, : x_BT.size(1)]


def previous_position(x_BTD: Tensor) -> Tensor:
    """Each position's left neighbour, zeros for the first."""
    return F.pad(x_BTD, (0, 0, 1, -1))


class LanguageModel(nn.Module):
    """Token embedding (tied to the output), blocks with skips between mirrored layers, capped logits."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Parameter(torch.empty(config.vocab_size, config.width))
        self.ngrams = nn.ModuleList(NgramEmbedding(*sizes, config.width) for sizes in config.ngrams)
        self.blocks = nn.ModuleList(Block(config, i) for i in range(config.layers))
        self.history = max((order for order, _, _ in config.ngrams), default=1)
        self.skips = nn.Parameter(torch.empty(config.layers // 2, config.width))

    def embed(self, history: list[Tensor], dtype: torch.dtype) -> Tensor:
        """Embedding stream [.., D] of tokens [..]; history holds them and, shifted, those before (newest first)."""
        x = F.embedding(history[0], self.embedding).to(dtype)
        for ngram in self.ngrams:
            x = x + ngram(history, dtype)
        return rms_norm(x)

    def trunk(self, x0: Tensor, run_block: Callable[[int, Tensor], Tensor]) -> Tensor:
        """The blocks and the last norm; the first half's outputs are added, scaled, to their mirrors' inputs."""
        x, stack = x0, list[Tensor]()
        half = len(self.blocks) // 2
        for i in range(len(self.blocks)):
            if half <= i < 2 * half:
                x = x + self.skips[i - half].to(x.dtype) * stack.pop()
            x = run_block(i, x)
            if i < half:
                stack.append(x)
        return rms_norm(x)

    def tables(self, length: int, device: torch.device) -> Tables:
        """What attention over `length` positions looks up; made once and passed to `forward` by who calls it often."""
        cos, sin = rope_table(
            torch.arange(length, device=device), self.config.head_width, self.config.rope_base
        )
        return cos, sin, {w: block_mask(length // w, w, device) for w in set(self.config.windows) if w}

    def forward(
        self,
        tokens_BT: Tensor,
        dtype: torch.dtype = torch.float32,
        tables: Tables | None = None,
        block_forward: Callable[..., Tensor] = Block.forward,
    ) -> Tensor:
        """Features [B, T, D] at each position; `logits` turns them into predictions of the next token."""
        config = self.config
        T, longest = tokens_BT.size(1), max(config.windows)
        # Padding on the right is causal and cut off again.
        padded = F.pad(tokens_BT, (0, -T % longest)) if longest else tokens_BT
        x0 = self.embed([shifted(padded, i) if i else padded for i in range(self.history)], dtype)
        cos, sin, masks = tables if tables else self.tables(padded.size(1), tokens_BT.device)

        def run_block(i: int, x: Tensor) -> Tensor:
            return block_forward(self.blocks[i], x, x0, cos, sin, masks.get(config.window(i)))

        return self.trunk(x0, run_block)[:, :T]

    def logits(self, features: Tensor) -> Tensor:
        """Capped logits [.., V], float32."""
        logits = linear(features, self.embedding).float()
        return softcap(logits, self.config.logit_softcap, self.config.softcap_kind)
