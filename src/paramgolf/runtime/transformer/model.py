"""The language model: a small decoder-only transformer whose variants are plain fields of ModelConfig (config.py).

Shapes: B batch, T time, D width, K key/value heads, E head width, V vocabulary.
"""

import math
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..tokenizer.base import END_OF_DOCUMENT
from .attention import Attention, Maker, block_mask, linear, parameter, rms_norm, rope_table
from .config import ModelConfig
from .roles import (
    EMBEDDING,
    EMBEDDING_MAP,
    MATRIX,
    TABLE,
    TABLE_MAP,
    WRITER,
    Role,
    constant,
    control,
    rows,
    zeros,
)

SMEAR_CHANNELS = 12
# No prediction is less likely than the likeliest one times 2^-20: a coder with 24 bits cannot tell rarer ones apart.
RAREST = 20 * math.log(2)


def softcap(logits: Tensor, cap: float, kind: str) -> Tensor:
    """Bound logits to [-cap, cap] with slope 1 at 0."""
    if kind == "tanh":
        return cap * torch.tanh(logits / cap)
    if kind == "rational":
        return logits * torch.rsqrt(1.0 + (logits / cap).square())
    # The quintic with slope and curvature 0 where it ends: products alone (record
    # 2026-03-24_74M_Ternary_UNet_FP8_10L_8192BPE_YaRN_NeoMuon has another polynomial).
    u = (logits * (8 / 15 / cap)).clamp(-1, 1)
    v = u.square()
    return cap * u * (15 - 10 * v + 3 * v * v) / 8


Tables = tuple[Tensor, Tensor, dict[int, Tensor]]
Norm = Callable[[Tensor], Tensor]


class Block(nn.Module):
    """Attention, then an MLP, scaled by channel, on a stream mixed with the embedding."""

    def __init__(self, config: ModelConfig, layer: int, attention_matrix: Maker, mlp_matrix: Maker) -> None:
        super().__init__()
        D, hidden = config.width, int(config.width * config.mlp_ratio)
        if config.mixer(layer) == "attention":
            self.attention = Attention(config, layer, attention_matrix)
        else:
            from .linear_attention import LinearAttention

            self.attention = LinearAttention(config, layer, attention_matrix)
        self.activation = config.activation
        self.up = mlp_matrix("up", hidden, D, role=MATRIX)
        self.gate = mlp_matrix("gate", hidden, D, role=MATRIX) if self.activation == "swiglu" else None
        self.down = mlp_matrix("down", D, hidden, role=WRITER)
        self.attention_scale = parameter(D, role=control(constant(1.0)))
        self.mlp_scale = parameter(D, role=control(constant(1.0)))
        self.residual_mix = parameter(2, D, role=control(rows(1.0, 0.0)))
        self.shift = parameter(2, D, role=control(zeros)) if config.token_shift else None
        self.parallel = config.parallel_from is not None and layer >= config.parallel_from
        self.gives_values = config.value_residual and layer == config.depths[0]
        # A tensor, since another number would be another function to the compiler.
        scale = torch.tensor((layer + 1) ** -0.5) if config.norm_scale else None
        self.norm_scale: Tensor | None
        self.register_buffer("norm_scale", scale, persistent=False)

    def forward(
        self, x: Tensor, x0: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, others: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        """The stream x and the embedding stream x0 [B, T, D] -> the stream after this block.

        others: values for attention to mix in; second come those of this block where later ones want them.
        """
        x, values = self.run(
            x,
            x0,
            lambda h: self.attention(h, cos, sin, mask, others),
            lambda i, h: previous_position(h),
        )
        return x, values if self.gives_values else None

    def run(
        self,
        x: Tensor,
        x0: Tensor,
        attend: Callable[[Tensor], tuple[Tensor, Tensor]],
        previous: Callable[[int, Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """The block over any way to attend to the past and to look one position back: all at once or step by step.

        previous(0, h) is asked in front of attention, previous(1, h) in front of the MLP.
        """
        mix = self.residual_mix.to(x.dtype)
        x = mix[0] * x + mix[1] * x0
        h = self._norm(x)
        gathered, values = attend(self._shifted(0, h, previous))
        gathered = self.attention_scale.to(x.dtype) * gathered
        if not self.parallel:
            x = x + gathered
            h = self._norm(x)
        h = self.mlp_scale.to(x.dtype) * self._mlp(self._shifted(1, h, previous))
        return x + gathered + h if self.parallel else x + h, values

    def _norm(self, x: Tensor) -> Tensor:
        h = rms_norm(x)
        return h if self.norm_scale is None else h * self.norm_scale.to(h.dtype)

    def _mlp(self, h: Tensor) -> Tensor:
        up = linear(h, self.up)
        if self.gate is not None:
            return linear(F.silu(linear(h, self.gate)) * up, self.down)
        up = F.relu(up) if self.activation == "relu_squared" else F.leaky_relu(up, 0.5)
        return linear(up.square(), self.down)

    def _shifted(self, i: int, h: Tensor, previous: Callable[[int, Tensor], Tensor]) -> Tensor:
        if self.shift is None:
            return h
        return h + self.shift[i].to(h.dtype) * (previous(i, h) - h)


class NgramEmbedding(nn.Module):
    """A table indexed by a hash of the last `order` tokens, projected to the model's width."""

    def __init__(self, order: int, buckets: int, width: int, model_width: int) -> None:
        super().__init__()
        self.order, self.buckets = order, buckets
        self.table = parameter(buckets, width, role=TABLE)
        self.project = parameter(model_width, width, role=TABLE_MAP)

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


def dense(name: str, rows: int, columns: int, *, role: Role) -> nn.Parameter:
    """A matrix that is stored as it is."""
    return parameter(rows, columns, role=role)


class LanguageModel(nn.Module):
    """Token embedding (tied to the output), blocks with skips between mirrored depths, capped logits."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config, self.order = config, config.depths
        D, narrow = config.width, config.embedding_width
        self.embedding = parameter(config.vocab_size, narrow or D, role=EMBEDDING)
        self.embedding_map = parameter(D, narrow, role=EMBEDDING_MAP) if narrow else None
        self.ngrams = nn.ModuleList(NgramEmbedding(*sizes, D) for sizes in config.ngrams)
        self.history = max((order for order, _, _ in config.ngrams), default=1)
        self.smear_gate = parameter(min(SMEAR_CHANNELS, D), role=control(zeros)) if config.smear else None
        self.smear_scale = parameter(1, role=control(zeros)) if config.smear else None
        values = config.kv_heads * config.head_width
        self.value_table = (
            parameter(config.vocab_size, values, role=TABLE) if config.value_embedding else None
        )
        make = self._maker()
        self.blocks = nn.ModuleList(
            Block(config, i, make(config.attention_matrices, i), make(config.mlp_matrices, i))
            for i in range(config.layers)
        )
        skips = len(self.order) // 2 if config.mirrored_skips else 0
        self.skips = parameter(skips, D, role=control(constant(1.0))).requires_grad_(skips > 0)

    def _maker(self) -> Callable[[str, int], Maker]:
        """What makes the matrices of a kind and a layer."""
        if {self.config.attention_matrices, self.config.mlp_matrices} == {"dense"}:
            return lambda kind, layer: dense
        from .factored import Shared, make_matrix

        self.shared = Shared()
        return lambda kind, layer: partial(make_matrix, self.config, self.shared, kind, layer)

    def embed(
        self,
        history: list[Tensor],
        dtype: torch.dtype,
        previous: Callable[[Tensor], Tensor] = previous_position,
        norm: Norm = rms_norm,
    ) -> Tensor:
        """Embedding stream [.., D] of tokens [..]; history holds them and, shifted, those before (newest first).

        previous gives the embeddings one position back; a document's first position looks at none.
        """
        x = F.embedding(history[0], self.embedding).to(dtype)
        if self.embedding_map is not None:
            x = linear(x, self.embedding_map)
        for ngram in self.ngrams:
            x = x + ngram(history, dtype)
        x = norm(x)
        if self.smear_gate is None or self.smear_scale is None:
            return x
        gate = torch.sigmoid(linear(x[..., : len(self.smear_gate)], self.smear_gate[None]))
        gate = gate * self.smear_scale.to(dtype) * (history[0] != END_OF_DOCUMENT)[..., None]
        return x + gate * previous(x)

    def table_values(self, tokens: Tensor, dtype: torch.dtype) -> Tensor | None:
        """The value embedding's values of tokens [B, T], [B, T, K, E], where the model has one."""
        if self.value_table is None:
            return None
        values = F.embedding(tokens, self.value_table).to(dtype)
        return values.unflatten(-1, (self.config.kv_heads, -1))

    def trunk(
        self,
        x0: Tensor,
        others: Tensor | None,
        run_block: Callable[[int, Tensor, Tensor | None], tuple[Tensor, Tensor | None]],
        norm: Norm = rms_norm,
    ) -> Tensor:
        """The blocks and the last norm; the first half's outputs are added, scaled, to their mirrors' inputs.

        run_block(depth, x, others) gives the stream after a block and, if it has any, values for those after it.
        """
        x, stack = x0, list[Tensor]()
        half = min(len(self.order) // 2, len(self.skips))
        for depth in range(len(self.order)):
            if half <= depth < 2 * half:
                x = x + self.skips[depth - half].to(x.dtype) * stack.pop()
            x, values = run_block(depth, x, others)
            others = values if others is None else others
            if depth < half:
                stack.append(x)
        x = norm(x)
        return x if self.embedding_map is None else linear(x, self.embedding_map.mT)

    def tables(self, length: int, device: torch.device) -> Tables:
        """What attention over `length` positions looks up; callers that call `forward` often make it once."""
        config = self.config
        cos, sin = rope_table(
            torch.arange(length, device=device), config.rope_width or config.head_width, config.rope_base
        )
        return cos, sin, {w: block_mask(length // w, w, device) for w in set(config.windows) if w}

    def forward(
        self,
        tokens_BT: Tensor,
        dtype: torch.dtype = torch.float32,
        tables: Tables | None = None,
        block_forward: Callable[..., tuple[Tensor, Tensor | None]] = Block.forward,
        norm: Norm = rms_norm,
    ) -> Tensor:
        """Features at each position, [B, T, width of the embedding]; `logits` turns them into predictions.

        block_forward and norm (before the blocks and after them): these functions, or compiled ones.
        """
        config = self.config
        T, longest = tokens_BT.size(1), max(config.windows)
        # Padding on the right is causal and cut off again.
        padded = F.pad(tokens_BT, (0, -T % longest)) if longest else tokens_BT
        history = [shifted(padded, i) if i else padded for i in range(self.history)]
        x0 = self.embed(history, dtype, norm=norm)
        length = padded.size(1)
        cos, sin, masks = tables if tables else self.tables(length, tokens_BT.device)
        cos, sin = cos[:length], sin[:length]
        masks = {w: mask[: length // w] for w, mask in masks.items()}

        def run_block(depth: int, x: Tensor, others: Tensor | None) -> tuple[Tensor, Tensor | None]:
            i = self.order[depth]
            return block_forward(self.blocks[i], x, x0, cos, sin, masks.get(config.window(i)), others)

        return self.trunk(x0, self.table_values(padded, dtype), run_block, norm)[:, :T]

    def logits(self, features: Tensor) -> Tensor:
        """Capped logits [.., V], float32."""
        logits = linear(features, self.embedding).float()
        return softcap(logits, self.config.logit_softcap, self.config.softcap_kind)

    def predictions(self, features: Tensor) -> Tensor:
        """The logits as they are scored and coded, [.., V]: none lies more than RAREST below the highest."""
        logits = self.logits(features)
        return torch.maximum(logits, logits.amax(-1, keepdim=True) - RAREST)
