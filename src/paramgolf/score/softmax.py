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


def surprisal(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """-log softmax(logits)[target] in nats, for logits [n, V] and targets [n]: float64 [n].

    NaN where any logit of the row is NaN or infinite. Logits are widened to float64 before anything is
    computed: float32 exponentials alone would be wrong by up to 6e-8.
    """
    narrow = torch.from_numpy(logits)
    largest = narrow.amax(-1).double()
    smallest = narrow.amin(-1).double()
    wide = narrow.double()
    chosen = wide.gather(1, torch.from_numpy(targets)[:, None])[:, 0]
    total = wide.sub_(largest[:, None]).exp_().sum(-1)
    nats = total.log_() + largest - chosen
    nats[~torch.isfinite(largest - smallest)] = torch.nan
    return nats.numpy()
