"""Attention without softmax, with forgetting: a state-space mixer whose cost does not grow with the text.

Each key/value head keeps one matrix S = a S + (1 - a) k v^T and answers q S, where a in (0, 1) follows from the input.
Dao and Gu 2024 (arXiv:2405.21060, state-space duality); Yang et al. 2024 (arXiv:2312.06635, gated linear attention).

Shapes: B batch, T time, N chunks of W, K key/value heads, G query heads of each, E head width, A lanes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .attention import Attention, Maker, linear, parameter, rms_norm
from .config import ModelConfig
from .roles import control, ramp, zeros

CHUNK = 64


def gated_scan(q_BTKGE: Tensor, k_BTKE: Tensor, v_BTKE: Tensor, log_decay_BTK: Tensor) -> Tensor:
    """sum over s <= t of (decay from s to t) (q_t k_s) v_s, [B, T, K, G, E], chunk by chunk at once.

    Inside a chunk as products with a mask of decays, between chunks by a mask of the chunks' own decays.
    """
    B, T, K, G, E = q_BTKGE.shape
    W = min(CHUNK, T)
    pad = -T % W
    q = F.pad(q_BTKGE, (0, 0, 0, 0, 0, 0, 0, pad)).view(B, -1, W, K, G, E).permute(0, 3, 1, 4, 2, 5)
    k, v = (
        F.pad(t, (0, 0, 0, 0, 0, pad)).view(B, -1, W, K, E).permute(0, 3, 1, 2, 4) for t in (k_BTKE, v_BTKE)
    )
    decay = F.pad(log_decay_BTK, (0, 0, 0, pad)).view(B, -1, W, K).permute(0, 3, 1, 2).cumsum(-1)
    inside = _decays(decay).to(v.dtype)
    y = (q @ k.mT[:, :, :, None] * inside[:, :, :, None]) @ v[:, :, :, None]
    # What each chunk adds to the state by its end, and what of all chunks before is left at the start of each.
    last = decay[..., -1:]
    added = (k * torch.exp(last - decay)[..., None].to(k.dtype)).mT @ v
    between = _decays(last.squeeze(-1).cumsum(-1)).to(v.dtype)
    state = (between @ added.flatten(3)).view_as(added)
    state = F.pad(state[:, :, :-1], (0, 0, 0, 0, 1, 0))
    y = y + (q * torch.exp(decay)[:, :, :, None, :, None].to(q.dtype)) @ state[:, :, :, None]
    return y.permute(0, 2, 4, 1, 3, 5).reshape(B, T + pad, K, G, E)[:, :T]


def _decays(total: Tensor) -> Tensor:
    """exp(total_t - total_s) for s <= t, else 0: [.., T] -> [.., T, T]."""
    size = total.size(-1)
    below = torch.ones(size, size, dtype=torch.bool, device=total.device).tril()
    return torch.exp((total[..., :, None] - total[..., None, :]).masked_fill(~below, -torch.inf))


class LinearAttention(Attention):
    """In the place of Attention; it needs no positions and no window."""

    def __init__(self, config: ModelConfig, layer: int, matrix: Maker) -> None:
        super().__init__(config, layer, matrix)
        # Queries have no softmax to sharpen: the answer is normalised instead.
        del self.gain
        self.decay = parameter(config.kv_heads, config.width, role=control(zeros))
        # Half of what was gathered is gone after 1 to 500 tokens, by head: log(decay) = -softplus(bias).
        self.decay_bias = parameter(config.kv_heads, role=control(ramp(0.0, -6.5)))

    def gates(self, x_BTD: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """q [B, T, K, G, E], k and v [B, T, K, E] as the state takes them, log decays [B, T, K] in float32."""
        qk, v = self._products(x_BTD)
        q, k = (rms_norm(qk) * self.head_width**-0.5).split((self.heads, self.kv_heads), dim=2)
        log_decay = -F.softplus(linear(x_BTD, self.decay).float() + self.decay_bias)
        v = v * -torch.expm1(log_decay)[..., None].to(v.dtype)
        return q.unflatten(2, (self.kv_heads, -1)), k, v, log_decay

    def forward(
        self, x_BTD: Tensor, cos: Tensor, sin: Tensor, mask: Tensor | None, others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        q, k, v, log_decay = self.gates(x_BTD)
        return self.answer(q, k, v, log_decay, x_BTD), v

    def answer(self, q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor, x_BTD: Tensor) -> Tensor:
        """What the states answer, from what `gates` gives, [B, T, D]."""
        return self.finish(rms_norm(gated_scan(q, k, v, log_decay)).flatten(2), v, x_BTD)

    def memory(self, lanes: int, limit: int) -> "StateMemory":  # type: ignore[override]
        return StateMemory(self, lanes)


class StateMemory:
    """The states of `lanes` documents that advance together."""

    def __init__(self, attention: LinearAttention, lanes: int) -> None:
        self.attention = attention
        self.state = torch.zeros(lanes, attention.kv_heads, attention.head_width, attention.head_width)

    def step(
        self, x_A1D: Tensor, position: int, cos: Tensor, sin: Tensor, others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """LinearAttention.forward for one more position."""
        q, k, v, log_decay = self.attention.gates(x_A1D)
        outer = k[:, 0, :, :, None] * v[:, 0, :, None]
        self.state = torch.exp(log_decay[:, 0])[..., None, None] * self.state + outer
        y = rms_norm(q[:, 0] @ self.state).flatten(1)[:, None]
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
        """LinearAttention.forward over the beginning of one lane, of which `length` positions are remembered."""
        q, k, v, log_decay = self.attention.gates(x_1TD)
        total = log_decay[0, :length].cumsum(0)
        left = torch.exp(total[-1] - total)[..., None]
        self.state[lane] = torch.einsum("tke,tkf->kef", left * k[0, :length], v[0, :length])
        return self.attention.answer(q, k, v, log_decay, x_1TD), v

    def keep(self, lanes: Tensor) -> None:
        """Go on with these lanes only, in this order."""
        self.state = self.state[lanes]
