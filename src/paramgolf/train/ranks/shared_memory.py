"""Sums over processes of one machine, through memory that all of them map.

Half the time of sockets (benchmarks/exchange.py).
"""

import os
from collections.abc import Sequence
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import torch
from torch import Tensor

from paramgolf.errors import UsageError


class Exchange:
    """One process's end. Every process sums tensors of the same sizes in the same order.

    Args:
        folder: where the shared memory has its names; in memory itself where the system has such a folder.
        barrier: of as many processes as there are; it also orders their reads and writes.
        timeout: how long to wait for the others; threading.BrokenBarrierError after that.
    """

    def __init__(self, folder: Path, barrier: Barrier, rank: int, timeout: timedelta) -> None:
        self.folder, self.barrier, self.rank = folder, barrier, rank
        self.seconds = timeout.total_seconds()
        self._memory: dict[Path, Tensor] = {}
        self._turn = 0

    def sum(self, tensors: Sequence[Tensor]) -> None:
        """Put the sum over processes into the tensors (float32, on the CPU) of each; all get the same bits.

        Raises:
            UsageError: there is no room for the memory.
        """
        # Two memories in turn: a fast rank writes into one while others still read from the other.
        self._turn ^= 1
        sizes = [tensor.numel() for tensor in tensors]
        name = self.folder / f"{self._turn}_{sum(sizes)}"
        new = name not in self._memory
        if new:
            self._memory[name] = self._map(name, sum(sizes))
        shared = self._memory[name]
        own = shared[self.rank].split(sizes)
        torch._foreach_copy_(list(own), [tensor.flatten() for tensor in tensors])
        self.barrier.wait(self.seconds)
        if new and self.rank == 0:
            # All have mapped it; without a name, it goes with the last process, however that ends.
            name.unlink()
        for tensor, *parts in zip(tensors, *(row.split(sizes) for row in shared), strict=True):
            _add_up([part.view_as(tensor) for part in parts], tensor)

    def _map(self, name: Path, numbers: int) -> Tensor:
        """float32 [processes, numbers], the same memory in every process."""
        processes = self.barrier.parties
        _reserve(name, 4 * processes * numbers)
        return torch.from_file(str(name), shared=True, size=processes * numbers).view(processes, numbers)


def _add_up(parts: Sequence[Tensor], total: Tensor) -> None:
    """The sum of the parts, in their order, into `total`: nothing lies between, since memory is what limits a sum."""
    first, *others = parts
    total.copy_(first) if not others else torch.add(first, others[0], out=total)
    for other in others[1:]:
        total.add_(other)


def _reserve(name: Path, size: int) -> None:
    """Reserve `size` bytes for `name`: a process that writes without room is killed without a message."""
    if not hasattr(os, "posix_fallocate"):
        return
    handle = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(handle, 0, size)
    except OSError as error:
        raise UsageError(
            f"{name.parent.parent} has no room for {size:,} bytes that processes share ({error.strerror}). Give it "
            "more (docker run --shm-size), or train in one process: training.cpu_processes = 1"
        ) from None
    finally:
        os.close(handle)
