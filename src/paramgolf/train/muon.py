"""Muon: momentum whose update is orthogonalised by Newton-Schulz steps (Jordan et al. 2024, "Muon").

Matrices of one shape are handled as one batch; with several ranks each orthogonalises its share and the updates
are summed.
"""

from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Optimizer

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalise(g_NRC: Tensor, steps: int) -> Tensor:
    """Push the singular values of each matrix [N, R, C] towards 1."""
    a, b, c = NEWTON_SCHULZ
    x = g_NRC
    wide = x.size(-2) <= x.size(-1)
    x = x if wide else x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.mT


class Muon(Optimizer):
    """Nesterov momentum, orthogonalised, scaled by sqrt(max(1, rows/columns)).

    Args:
        params: matrices.
        lr: learning rate; `momentum` is read from the group at every step, so that a schedule can move it.
        dtype: precision of the Newton-Schulz products.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        *,
        lr: float,
        momentum: float = 0.95,
        steps: int = 5,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "steps": steps, "weight_decay": weight_decay}
        )
        self.dtype = dtype

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        assert closure is None, "Muon takes no closure"
        for group in self.param_groups:
            batches = _by_shape([p for p in group["params"] if p.grad is not None])
            updates = [self._update(i, batch, group) for i, batch in enumerate(batches)]
            if _ranks() > 1:
                _sum_over_ranks(updates)
            for batch, update in zip(batches, updates, strict=True):
                if group["weight_decay"]:
                    torch._foreach_mul_(batch, 1 - group["lr"] * group["weight_decay"])
                rows, columns = batch[0].shape
                torch._foreach_add_(
                    batch, list(update.unbind()), alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5
                )

    def _update(self, index: int, batch: list[Tensor], group: dict[str, Any]) -> Tensor:
        """Orthogonalised updates [N, R, C], float32; with several ranks only this rank's share, the rest zero."""
        grads = [p.grad for p in batch if p.grad is not None]
        buffers = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in batch]
        torch._foreach_mul_(buffers, group["momentum"])
        torch._foreach_add_(buffers, grads)
        nesterov = torch._foreach_add(grads, buffers, alpha=group["momentum"])
        ranks, rank = _ranks(), _rank()
        # The offset by `index` spreads single matrices over the ranks.
        mine = [i for i in range(len(batch)) if (i + index) % ranks == rank]
        update = torch.zeros(len(batch), *batch[0].shape, device=batch[0].device)
        if mine:
            stacked = torch.stack([nesterov[i] for i in mine]).to(self.dtype)
            update[mine] = orthogonalise(stacked, group["steps"]).float()
        return update


def _by_shape(parameters: list[Tensor]) -> list[list[Tensor]]:
    batches: dict[torch.Size, list[Tensor]] = {}
    for p in parameters:
        batches.setdefault(p.shape, []).append(p)
    return list(batches.values())


def _sum_over_ranks(updates: list[Tensor]) -> None:
    """One all-reduce over all updates: many small ones cost more in latency than in bytes."""
    flat = torch.cat([u.flatten() for u in updates])
    dist.all_reduce(flat)
    for u, part in zip(updates, flat.split([u.numel() for u in updates]), strict=True):
        u.copy_(part.view_as(u))


def _ranks() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def _rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0
