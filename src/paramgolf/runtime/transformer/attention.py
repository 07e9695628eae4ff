"""Attention in all its variants, all at once and step by step, and the small functions that a model is made of.

Shapes: B batch, T time, D width, H query heads, K key/value heads, G = H/K, E head width, W window, N blocks of W,
A lanes (documents side by side), R rotated channels.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig
from .roles import MATRIX, WRITER, Role, constant, control, zeros

# Makes a matrix of a name, rows, columns and a role: a parameter, or a module that multiplies by one it puts together.
Maker = Callable[..., nn.Module | nn.Parameter]


def parameter(*shape: int, role: Role) -> nn.Parameter:
    """A parameter of that shape, without values yet."""
    made = nn.Parameter(torch.empty(shape))
    made.role = role  # type: ignore[attr-defined]
    return made


def linear(x: Tensor, weight: Tensor | nn.Module) -> Tensor:
    """x @ weight.T in the precision of x: weights stay float32, products use what x uses."""
    return F.linear(x, weight.to(x.dtype)) if isinstance(weight, Tensor) else weight(x)


def rms_norm(x: Tensor) -> Tensor:
    """Root-mean-square normalisation over the last dimension, no weights (Zhang and Sennrich 2019)."""
    return F.rms_norm(x, (x.size(-1),), eps=1e-6)


def rope_table(positions: Tensor, width: int, base: float) -> tuple[Tensor, Tensor]:
    """cos and sin of the rotary embedding of `width` channels at `positions` [T], float32 [T, R/2] (Su et al. 2021).

    Computed in float64 and rounded: the float32 functions give another last bit from run to run where several
    threads share the work, and then text that one process compressed is lost to the next.
    """
    exponents = torch.arange(0, width, 2, device=positions.device, dtype=torch.float64) / width
    angles = positions.double()[:, None] * base**-exponents
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs (i, i + R/2) of the first R channels, R/2 being the tables' width; the others stay as they are."""
    half = cos.size(-1)
    a, b, rest = x.split((half, half, x.size(-1) - 2 * half), dim=-1)
    return torch.cat((a * cos + b * sin, b * cos - a * sin, rest), dim=-1)


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
    """Each block, preceded by the block before it (zeros before the first), [B, K, N, 2W, E]."""
    return torch.cat((F.pad(x_BKNWE[:, :, :-1], (0, 0, 0, 0, 1, 0)), x_BKNWE), dim=3)


def block_mask(blocks: int, window: int, device: torch.device) -> Tensor:
    """1 where a query may look, float32 [N, 1, W, 2W]: causal, and nothing before the first block."""
    query = torch.arange(window, device=device)[:, None] + window
    key = torch.arange(2 * window, device=device)[None, :]
    first = torch.arange(blocks, device=device)[:, None, None, None] == 0
    return ((key <= query) & ~(first & (key < window))).float()


class Attention(nn.Module):
    """Causal self-attention with grouped key/value heads, rotary embedding, QK norm and a gain for each head."""

    def __init__(self, config: ModelConfig, layer: int, matrix: Maker) -> None:
        super().__init__()
        D, E = config.width, config.head_width
        self.heads, self.kv_heads, self.head_width = config.heads, config.kv_heads, E
        self.window, self.exclusive = config.window(layer), config.exclusive_attention
        self.query = matrix("query", D, D, role=MATRIX)
        self.key = matrix("key", config.kv_heads * E, D, role=MATRIX)
        self.value = matrix("value", config.kv_heads * E, D, role=MATRIX)
        self.out = matrix("out", D, D, role=WRITER)
        self.gain = parameter(config.heads, role=control(constant(config.q_gain)))
        gate = config.attention_gate
        self.head_gate = parameter(config.heads, gate, role=control(zeros)) if gate else None
        mixes = layer in config.value_embedding or (config.value_residual and layer != config.depths[0])
        self.value_mix = parameter(2, role=control(constant(0.5))) if mixes else None

    def project(
        self, x_BTD: Tensor, cos: Tensor, sin: Tensor, others: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Normalised and rotated q [B, T, H, E] (scaled by its gain and 1/sqrt(E)), k and v [B, T, K, E].

        others [B, T, K, E]: values of the first layer (Zhou et al. 2024, arXiv:2410.17897) or of a table of tokens
        (value embedding, record 2026-03-22_11L_EMA_GPTQ-lite_warmdown3500_QAT015_1.1233), mixed into v.
        """
        H, K = self.heads, self.kv_heads
        qk, v = self._products(x_BTD)
        if self.value_mix is not None and others is not None:
            mix = self.value_mix.to(v.dtype)
            v = mix[0] * v + mix[1] * others
        gain = torch.cat((self.gain * self.head_width**-0.5, self.gain.new_ones(K))).to(x_BTD.dtype)
        cos, sin = (t[:, None, :].to(x_BTD.dtype) for t in (cos, sin))
        q, k = rotate(rms_norm(qk) * gain[:, None], cos, sin).split((H, K), dim=2)
        return q, k, v

    def _products(self, x_BTD: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys together [B, T, H+K, E], and values [B, T, K, E]."""
        B, T, _ = x_BTD.shape
        H, K, E = self.heads, self.kv_heads, self.head_width
        parts = (self.query, self.key, self.value)
        if T > 1 and isinstance(self.query, Tensor):
            # One product instead of three; for one position, putting the matrices together would take longer.
            y = linear(x_BTD, torch.cat(parts))  # type: ignore[arg-type]
        else:
            y = torch.cat([linear(x_BTD, part) for part in parts], -1)
        qk, v = y.view(B, T, H + 2 * K, E).split((H + K, K), dim=2)
        return qk, v

    def forward(
        self, x_BTD: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Attention of each position to those before it [B, T, D], and its values [B, T, K, E].

        mask is block_mask where the layer has a window.
        """
        q, k, v = self.project(x_BTD, cos, sin, others)
        return self.finish(self.gather(q, k, v, mask), v, x_BTD), v

    def gather(self, q_BTHE: Tensor, k_BTKE: Tensor, v_BTKE: Tensor, mask: Tensor | None) -> Tensor:
        """What each head finds at the positions that it may look at, [B, T, H*E]."""
        B, T, H, E = q_BTHE.shape
        if mask is not None:
            q = q_BTHE.reshape(B, T, self.kv_heads, H // self.kv_heads, E)
            return block_attention(q, k_BTKE, v_BTKE, mask)
        q, k, v = (t.transpose(1, 2) for t in (q_BTHE, k_BTKE, v_BTKE))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0, enable_gqa=self.kv_heads != H)
        return y.transpose(1, 2).reshape(B, T, H * E)

    def finish(self, y: Tensor, v_BTKE: Tensor, x_BTD: Tensor) -> Tensor:
        """What heads gathered [B, T, H*E] to the stream's width.

        Exclusive attention takes out what lies along the position's own value (record
        2026-03-20_11L_XSA4_EMA_Int6_MLP3x_WD04_1.1271); a gate scales each head by what the first channels of the
        input say (record 2026-04-16_SmearGate_AttentionOutputGate_ScoreFirstTTT).
        """
        B, T, K, E = v_BTKE.shape
        if self.exclusive:
            own = F.normalize(v_BTKE, dim=-1)[:, :, :, None]
            y_BTKGE = y.view(B, T, K, -1, E)
            y = (y_BTKGE - (y_BTKGE * own).sum(-1, keepdim=True) * own).flatten(2)
        if self.head_gate is not None:
            gate = 2 * torch.sigmoid(linear(x_BTD[..., : self.head_gate.size(1)], self.head_gate))
            y = (y.view(B, T, -1, E) * gate[..., None]).flatten(2)
        return linear(y, self.out)

    def memory(self, lanes: int, limit: int) -> "AttentionMemory":
        """An empty key-value cache for up to `limit` positions."""
        return AttentionMemory(self, lanes, limit)


class AttentionMemory:
    """Keys and values of `lanes` documents that advance together, as far as a query can see."""

    def __init__(self, attention: Attention, lanes: int, limit: int) -> None:
        self.attention = attention
        # A window sees its own block and the one before.
        length = 2 * attention.window or limit
        # Rounded up: full attention over an odd number of positions is never past two halves.
        self.half = (length + 1) // 2
        shape = (lanes, attention.kv_heads, length, attention.head_width)
        self.keys, self.values = torch.empty(shape), torch.empty(shape)

    def step(
        self, x_A1D: Tensor, position: int, cos: Tensor, sin: Tensor, others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Attention.forward for one more position."""
        t, half = position, self.half
        q, k, v = self.attention.project(x_A1D, cos, sin, others)
        keys, values = self.keys, self.values
        if t >= 2 * half and t % half == 0:
            # A block is full: it becomes the block before, and what was before is out of reach.
            keys[:, :, :half] = keys[:, :, half:].clone()
            values[:, :, :half] = values[:, :, half:].clone()
        at = t if t < 2 * half else half + t % half
        keys[:, :, at], values[:, :, at] = k[:, 0], v[:, 0]
        A, _, H, E = q.shape
        q = q.reshape(A, k.size(2), -1, E)
        weights = torch.softmax(q @ keys[:, :, : at + 1].transpose(2, 3), -1)
        y = (weights @ values[:, :, : at + 1]).view(A, 1, H * E)
        return self.attention.finish(y, v, x_A1D), v

    def fill(
        self,
        lane: int,
        x_1TD: Tensor,
        length: int,
        cos: Tensor,
        sin: Tensor,
        mask: Tensor | None,
        others: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Attention.forward over the beginning of one lane, of which `length` positions are remembered."""
        q, k, v = self.attention.project(x_1TD, cos, sin, others)
        # Where the block before the last position's begins.
        start = max(0, ((length - 1) // self.half - 1) * self.half)
        for cache, new in ((self.keys, k), (self.values, v)):
            cache[lane, :, : length - start] = new[0, start:length].transpose(0, 1)
        return self.attention.finish(self.attention.gather(q, k, v, mask), v, x_1TD), v

    def keep(self, lanes: Tensor) -> None:
        """Go on with these lanes only, in this order."""
        self.keys, self.values = self.keys[lanes], self.values[lanes]
