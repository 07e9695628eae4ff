"""Muon: momentum whose update is orthogonalised by Newton-Schulz steps (Jordan et al. 2024, "Muon"), and variants.

Matrices of one shape are handled as one batch; with several ranks each orthogonalises its share and the updates
are summed.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from paramgolf.train.ranks.ranks import rank, ranks, sum_over_ranks

Coefficients = tuple[float, float, float]

QUINTIC: Coefficients = (3.4445, -4.7750, 2.0315)
# Amsel et al. 2025 (arXiv:2505.16932), Polar Express: each step's quintic is the best one for what the steps before
# left, from singular values of 0.001 on; the last repeats.
POLAR_EXPRESS: tuple[Coefficients, ...] = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
    (2.300652019954817, -1.6689039845749178, 0.4188073119525673),
    (1.891301407787398, -1.2679958271945868, 0.37680408948524835),
    (1.8750014808534479, -1.2500016453999487, 0.3750001645474248),
    (1.875, -1.25, 0.375),
)
# Divides the argument of all steps but the last, so that rounding never leaves the interval the quintics are for.
SAFETY = 1.01


def coefficients(kind: str, steps: int) -> list[Coefficients]:
    """Those of each Newton-Schulz step: "quintic", the same each time, or "polar_express"."""
    if kind == "quintic":
        return [QUINTIC] * steps
    chosen = [POLAR_EXPRESS[min(i, len(POLAR_EXPRESS) - 1)] for i in range(steps)]
    return [(a / SAFETY, b / SAFETY**3, c / SAFETY**5) for a, b, c in chosen[:-1]] + chosen[-1:]


def orthogonalise(g_NRC: Tensor, steps: int, kind: str = "quintic") -> Tensor:
    """Push the singular values of each matrix [N, R, C] towards 1."""
    x = g_NRC
    wide = x.size(-2) <= x.size(-1)
    x = x if wide else x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) * (1.0 if kind == "quintic" else SAFETY) + 1e-7)
    for a, b, c in coefficients(kind, steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.mT


class Muon(Optimizer):
    """Nesterov momentum, orthogonalised, scaled by sqrt(max(1, rows/columns)).

    Args:
        params: matrices.
        lr: learning rate; `lr`, `momentum` and `weight_decay` are read from the group at every step, so that a
            schedule can move them.
        newton_schulz: whose coefficients orthogonalise, "quintic" or "polar_express".
        equalise_rows: give the rows of the momentum one length before they are orthogonalised (MuonEq-R, record
            2026-04-03_MuonEqR_DepthRecurrence_WD090_AllInt6).
        neuron_decay: what is kept of each row's second moment, by whose root the update is divided; its norm stays
            (Li et al. 2025, arXiv:2510.05491, NorMuon). None: no such division.
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
        newton_schulz: str = "quintic",
        equalise_rows: bool = False,
        neuron_decay: float | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "steps": steps, "weight_decay": weight_decay}
        )
        self.newton_schulz, self.equalise_rows, self.neuron_decay = newton_schulz, equalise_rows, neuron_decay
        self.dtype = dtype
        self._momenta: dict[torch.Size, tuple[Tensor, list[Tensor]]] = {}

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        assert closure is None, "Muon takes no closure"
        for group in self.param_groups:
            batches = _by_shape([p for p in group["params"] if p.grad is not None])
            updates = [self._update(i, batch, group) for i, batch in enumerate(batches)]
            sum_over_ranks(*updates)
            for batch, update in zip(batches, updates, strict=True):
                if group["weight_decay"]:
                    torch._foreach_mul_(batch, 1 - group["lr"] * group["weight_decay"])
                if self.neuron_decay is not None:
                    update = self._by_neuron(batch, update, self.neuron_decay)
                rows, columns = batch[0].shape
                torch._foreach_add_(
                    batch, list(update.unbind()), alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5
                )

    def _update(self, index: int, batch: list[Tensor], group: dict[str, Any]) -> Tensor:
        """Orthogonalised updates [N, R, C], float32; with several ranks only this rank's share, the rest zero."""
        momentum_NRC = self._momentum(batch)
        grad_NRC = torch.stack([p.grad for p in batch if p.grad is not None])
        momentum_NRC.mul_(group["momentum"]).add_(grad_NRC)
        # The offset by `index` spreads single matrices over the ranks.
        mine = slice((rank() - index) % ranks(), None, ranks())
        nesterov = grad_NRC[mine].add(momentum_NRC[mine], alpha=group["momentum"])
        update = torch.zeros_like(grad_NRC)
        if len(nesterov):
            if self.equalise_rows:
                nesterov /= nesterov.norm(dim=-1, keepdim=True) + 1e-7
            update[mine] = orthogonalise(nesterov.to(self.dtype), group["steps"], self.newton_schulz)
        return update

    def _momentum(self, batch: list[Tensor]) -> Tensor:
        """The momenta of a batch as one tensor [N, R, C], of which each parameter's state is a part.

        On a CPU a few operations on all cost less than many on each.
        """
        known = [self.state[p].get("momentum") for p in batch]
        whole, parts = self._momenta.get(batch[0].shape, (batch[0], []))
        if [id(m) for m in known] != [id(m) for m in parts]:
            # The first step, the first after a checkpoint, or other matrices had a gradient.
            whole = torch.stack(
                [torch.zeros_like(p) if m is None else m for p, m in zip(batch, known, strict=True)]
            )
            parts = list(whole.unbind())
            self._momenta[batch[0].shape] = whole, parts
            for p, part in zip(batch, parts, strict=True):
                self.state[p]["momentum"] = part
        return whole

    def _by_neuron(self, batch: list[Tensor], update: Tensor, decay: float) -> Tensor:
        """The updates [N, R, C] with rows divided by the root of their second moment, at the norm they had."""
        moments = [self.state[p].setdefault("neuron", p.new_zeros(len(p), 1)) for p in batch]
        torch._foreach_lerp_(moments, list(update.square().mean(-1, keepdim=True).unbind()), 1 - decay)
        divided = update / (torch.stack(moments).sqrt() + 1e-8)
        norms = [t.norm(dim=(-2, -1), keepdim=True) for t in (update, divided)]
        return divided * (norms[0] / (norms[1] + 1e-7))


def _by_shape(parameters: list[Tensor]) -> list[list[Tensor]]:
    batches: dict[torch.Size, list[Tensor]] = {}
    for p in parameters:
        batches.setdefault(p.shape, []).append(p)
    return list(batches.values())
