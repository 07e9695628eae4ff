"""What a prediction costs: the harness's own softmax, in float64."""

import contextlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread meanwhile: the other cores are the worker's, and their number changes no sum."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def surprisal(logits: npt.NDArray[np.floating], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """-log softmax(logits)[target] in nats, float64 [n], for targets [n] and logits [n, V] of any precision.

    NaN where any logit of the row is NaN or infinite, or two lie further apart than float64 reaches. A price is never
    negative. Logits are widened to float64 before anything is computed: float32 exponentials alone would be wrong by up
    to 6e-8. Only differences of logits enter a sum, and the largest term is left out of it (log1p), so that no size of
    the logits absorbs what the others cost.
    """
    narrow = torch.from_numpy(logits)
    largest, place = narrow.max(-1, keepdim=True)
    spread = largest.double() - narrow.amin(-1, keepdim=True).double()
    wide = narrow.to(torch.float64, copy=True)
    behind = largest - wide.gather(1, torch.from_numpy(targets)[:, None])
    others = wide.sub_(largest).exp_().scatter_(1, place, 0.0).sum(-1, keepdim=True)
    nats = others.log1p_() + behind
    nats[~torch.isfinite(spread)] = torch.nan
    return nats[:, 0].numpy()
