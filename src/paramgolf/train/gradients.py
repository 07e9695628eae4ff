"""The gradients of one step: micro-batches that fit the device's memory, summed over the ranks."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from paramgolf.train.ranks.ranks import exchanges_gradients, ranks, sum_over_ranks
from paramgolf.train.run import Run
from paramgolf.train.training_model import TrainingModel


class GradientAccumulation:
    """Runs a rank's batch forward and backward; gradients are then those of the mean over all ranks."""

    def __init__(self, run: Run) -> None:
        self.device, self.parameters = run.device, list(run.model.parameters())
        self.micro_batch_tokens = run.device.pass_tokens(run.training.micro_batch_tokens)
        model = TrainingModel(
            run.model,
            dtype=run.device.dtype,
            compiled=run.compiled,
            length=run.training.sequence_length,
            device=run.device.device,
            int8=run.int8,
            sampler=run.sampler,
        )
        self.model: torch.nn.Module = model
        if ranks() > 1 and not exchanges_gradients():
            # Buffers follow from the configuration: there is nothing to exchange.
            self.model = DistributedDataParallel(
                model, gradient_as_bucket_view=True, forward_sync_buffers=False
            )

    def warm_up(self, batch: tuple[Tensor, Tensor]) -> None:
        """Compile for batches of this size and touch all memory; gradients are left.

        Two micro-batches have all shapes and all memory of any number of them: the last one may be shorter.
        """
        rows = self._rows(batch)
        end = rows + (len(batch[0]) % rows or rows)
        self((batch[0][:end], batch[1][:end]))

    def __call__(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Inputs and targets [B, T] of this rank -> its mean loss in nats a token, detached."""
        micro_batches = list(zip(*(t.split(self._rows(batch)) for t in batch), strict=True))
        total = torch.zeros((), device=self.device.device)
        for i, (tokens, targets) in enumerate(micro_batches):
            tokens, targets = (t.to(self.device.device, non_blocking=True) for t in (tokens, targets))
            share = len(tokens) / len(batch[0])
            with nullcontext() if i == len(micro_batches) - 1 else self._unsynchronised():
                loss = self.model(tokens, targets) * share
                (loss / ranks() if exchanges_gradients() else loss).backward()
            total += loss.detach()
        if exchanges_gradients():
            sum_over_ranks(*(p.grad for p in self.parameters if p.grad is not None))
        return total

    def _rows(self, batch: tuple[Tensor, Tensor]) -> int:
        return max(1, self.micro_batch_tokens // batch[0].size(1))

    def _unsynchronised(self) -> AbstractContextManager[None]:
        """Inside, gradients of this rank alone accumulate."""
        if isinstance(self.model, DistributedDataParallel):
            return self.model.no_sync()
        return nullcontext()
