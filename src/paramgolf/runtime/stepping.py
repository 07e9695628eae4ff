"""The model one token at a time: what decompression and sampling need.

Shapes: A lanes (documents side by side, all at the same position), D width, K key/value heads,
L cached positions, E head width.
"""

import torch
from torch import Tensor

from .model import LanguageModel, rope_table


class Stepper:
    """State of `lanes` documents that advance together; to rounding, what the model gives all at once."""

    def __init__(self, model: LanguageModel, lanes: int, limit: int) -> None:
        """limit: the most positions that will be fed."""
        config = model.config
        self.model, self.position = model, 0
        self.cos, self.sin = rope_table(torch.arange(limit), config.head_width, config.rope_base)
        # A window sees its own block and the one before.
        self.lengths = [2 * config.window(i) or limit for i in range(config.layers)]
        shapes = [(lanes, config.kv_heads, length, config.head_width) for length in self.lengths]
        self.keys = [torch.empty(shape) for shape in shapes]
        self.values = [torch.empty(shape) for shape in shapes]
        self.last = [torch.zeros(lanes, 1, config.width) for _ in range(2 * config.layers)]
        self.history = [torch.zeros(lanes, 1, dtype=torch.long) for _ in range(model.history)]

    def step(self, tokens: Tensor) -> Tensor:
        """Feed one token for each lane [A]; logits of the next [A, V], float32."""
        self.history = [tokens[:, None], *self.history[:-1]]
        x0 = self.model.embed(self.history, torch.float32)
        x = self.model.trunk(x0, lambda i, x: self._block(i, x, x0))
        self.position += 1
        return self.model.logits(x[:, 0])

    def keep(self, lanes: Tensor) -> None:
        """Go on with these lanes only, in this order."""
        for tensors in (self.keys, self.values, self.last, self.history):
            tensors[:] = [t[lanes] for t in tensors]

    def _block(self, i: int, x: Tensor, x0: Tensor) -> Tensor:
        def previous(place: int, h: Tensor) -> Tensor:
            before, self.last[2 * i + place] = self.last[2 * i + place], h
            return before

        return self.model.blocks[i].run(x, x0, lambda h: self._attend(i, h), previous)  # type: ignore[operator]

    def _attend(self, i: int, h: Tensor) -> Tensor:
        # Rounded up: full attention over an odd number of positions is never past two halves.
        attention, t, half = self.model.blocks[i].attention, self.position, (self.lengths[i] + 1) // 2
        q, k, v = attention.project(h, self.cos[t : t + 1], self.sin[t : t + 1])  # type: ignore[operator, union-attr]
        keys, values = self.keys[i], self.values[i]
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
        return torch.nn.functional.linear(y, attention.out)  # type: ignore[union-attr, arg-type]
