"""The model one token at a time: what decompression and sampling need.

Shapes: A lanes (documents side by side, all at the same position), D width, V vocabulary.
"""

import torch
from torch import Tensor

from .attention import rope_table
from .model import Block, LanguageModel, previous_position, shifted


class Stepper:
    """State of `lanes` documents that advance together; to rounding, what the model gives all at once."""

    def __init__(self, model: LanguageModel, lanes: int, limit: int) -> None:
        """limit: the most positions that will be fed."""
        config = model.config
        self.model, self.position = model, 0
        self.cos, self.sin = rope_table(
            torch.arange(limit), config.rope_width or config.head_width, config.rope_base
        )
        self.memories = [model.blocks[i].attention.memory(lanes, limit) for i in model.order]  # type: ignore[union-attr, operator]
        # What stood one position back: in front of attention and MLP at each depth, and the embeddings.
        self.last = [torch.zeros(lanes, 1, config.width) for _ in range(2 * len(model.order) + 1)]
        self.history = [torch.zeros(lanes, 1, dtype=torch.long) for _ in range(model.history)]

    def step(self, tokens: Tensor) -> Tensor:
        """Feed one token for each lane [A]; predictions of the next [A, V], float32."""
        self.history = [tokens[:, None], *self.history[:-1]]
        x0 = self.model.embed(self.history, torch.float32, lambda x: self._previous(-1, x))

        def run_block(depth: int, x: Tensor, others: Tensor | None) -> tuple[Tensor, Tensor | None]:
            return self._block(depth, x, x0, others)

        x = self.model.trunk(x0, self.model.table_values(tokens[:, None], torch.float32), run_block)
        self.position += 1
        return self.model.predictions(x[:, 0])

    def fill(self, tokens_AT: Tensor) -> None:
        """Feed the first tokens of each lane at once, T > 0: to rounding the same as that many steps, but faster."""
        self.position = tokens_AT.size(1)
        self.history = [shifted(tokens_AT, i)[:, -1:] for i in range(self.model.history)]
        self.model.embed(self.history, torch.float32, lambda x: self._previous(-1, x))
        # A pass over all lanes would take the memory of so many texts.
        for lane, text in enumerate(tokens_AT):
            self._fill(lane, text)

    def _fill(self, lane: int, text_T: Tensor) -> None:
        length, depths = len(text_T), iter(enumerate(self.memories))

        def run_block(
            block: Block,
            x: Tensor,
            x0: Tensor,
            cos: Tensor,
            sin: Tensor,
            mask: Tensor | None,
            others: Tensor | None,
        ) -> tuple[Tensor, Tensor | None]:
            depth, memory = next(depths)

            def previous(place: int, h: Tensor) -> Tensor:
                self.last[2 * depth + place][lane] = h[0, length - 1]
                return previous_position(h)

            x, values = block.run(
                x, x0, lambda h: memory.fill(lane, h, length, cos, sin, mask, others), previous
            )
            return x, values if block.gives_values else None

        self.model(text_T[None], block_forward=run_block)

    def keep(self, lanes: Tensor) -> None:
        """Go on with these lanes only, in this order."""
        for memory in self.memories:
            memory.keep(lanes)
        for tensors in (self.last, self.history):
            tensors[:] = [t[lanes] for t in tensors]

    def _block(
        self, depth: int, x: Tensor, x0: Tensor, others: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        block, t, memory = self.model.blocks[self.model.order[depth]], self.position, self.memories[depth]
        cos, sin = self.cos[t : t + 1], self.sin[t : t + 1]
        x, values = block.run(  # type: ignore[operator]
            x,
            x0,
            lambda h: memory.step(h, t, cos, sin, others),
            lambda place, h: self._previous(2 * depth + place, h),
        )
        return x, values if block.gives_values else None

    def _previous(self, place: int, h: Tensor) -> Tensor:
        before, self.last[place] = self.last[place], h
        return before


class Windows:
    """Like Stepper.step for texts of any length: starts a new window, from the overlap on, where one is full."""

    def __init__(self, model: LanguageModel, lanes: int, window: int, overlap: int) -> None:
        self.model, self.window, self.overlap = model, window, overlap
        self.tokens = torch.empty(lanes, window, dtype=torch.long)
        self.begin(self.tokens[:, :0])

    def begin(self, tokens_AT: Tensor) -> None:
        """Start a window with these tokens of each lane, of which it holds one more at least."""
        length = tokens_AT.size(1)
        self.tokens[:, :length] = tokens_AT
        self.stepper = Stepper(self.model, len(tokens_AT), self.window)
        if length:
            self.stepper.fill(tokens_AT)

    def __call__(self, tokens: Tensor) -> Tensor:
        if self.stepper.position == self.window:
            self.begin(self.tokens[:, self.window - self.overlap :].clone())
        self.tokens[:, self.stepper.position] = tokens
        return self.stepper.step(tokens)

    def keep(self, lanes: Tensor) -> None:
        """Go on with these lanes only, in this order."""
        self.stepper.keep(lanes)
        self.tokens = self.tokens[lanes]

    def close(self) -> None:
        """Every document has ended."""
