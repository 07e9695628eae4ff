"""The model as training runs it: tokens and targets in, loss out, compiled where that pays."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from paramgolf.runtime.transformer.attention import rms_norm
from paramgolf.runtime.transformer.model import Block, LanguageModel, Norm
from paramgolf.train.loss.chunked_cross_entropy import Gradients, LinearCrossEntropy
from paramgolf.train.loss.int8_linear import with_int8_products
from paramgolf.train.loss.sampled_softmax import SoftmaxSampler


class TrainingModel(nn.Module):
    """Wraps a LanguageModel; one compiled block serves all layers of the same shape, which keeps compiling short."""

    def __init__(
        self,
        model: LanguageModel,
        *,
        dtype: torch.dtype,
        compiled: bool,
        length: int,
        device: torch.device,
        int8: bool = False,
        sampler: SoftmaxSampler | None = None,
    ) -> None:
        super().__init__()
        self.model, self.dtype = model, dtype
        self.tables = model.tables(length + -length % max(max(model.config.windows), 1), device)
        self.gradients = Gradients(compiled=compiled, int8=int8, sampler=sampler)
        self.run_block: Callable[..., Any] = with_int8_products(Block.forward) if int8 else Block.forward
        # As single operations the norms before and after the blocks take a twentieth of a step on a CPU.
        self.norm: Norm = rms_norm
        if compiled:
            self.norm = torch.compile(rms_norm, dynamic=False)
            # Layers differ in windows and options, and steps in sizes: each is a function of its own to the compiler.
            self.run_block = torch.compile(  # type: ignore[call-overload]
                self.run_block, dynamic=False, recompile_limit=64
            )

    def forward(self, tokens_BT: Tensor, targets_BT: Tensor) -> Tensor:
        """Mean cross-entropy in nats a token."""
        config = self.model.config
        features = self.model(tokens_BT, self.dtype, self.tables, self._block, self.norm)
        return LinearCrossEntropy.apply(
            features.flatten(0, 1),
            self.model.embedding,
            targets_BT.reshape(-1),
            config.logit_softcap,
            config.softcap_kind,
            self.gradients,
        )

    def _block(self, block: Block, x: Tensor, x0: Tensor, *rest: Any) -> tuple[Tensor, Tensor | None]:
        """The compiled block. A function of one tensor twice, as in front of the first, would be compiled apart."""
        x = x.view_as(x) if x is x0 else x
        result: tuple[Tensor, Tensor | None] = self.run_block(block, x, x0, *rest)
        return result
