"""Ranks: one process alone, processes that this package starts on a CPU, or those that torchrun started."""

import os
import signal
import socket
import tempfile
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import TCPStore
from torch.multiprocessing import get_context
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException, start_processes

from paramgolf.errors import TrainingError
from paramgolf.train.ranks.malloc import keeping_memory
from paramgolf.train.ranks.shared_memory import Exchange

# A rank that compiles while the others wait may take minutes.
TIMEOUT = timedelta(minutes=20)
# Files here are memory; where there is no such folder, any will do.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - what is made in it has a random name

KILLED = (
    "a process of the training was killed from outside, as the system does where memory runs out. Free memory and run "
    "again, which goes on from the last checkpoint; or change the recipe: a smaller training.micro_batch_tokens, or "
    "training.cpu_processes = 1."
)

# Set in processes that run_ranks started.
_exchange: Exchange | None = None


def under_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def local_rank() -> int:
    """This process's place on its machine."""
    return int(os.environ.get("LOCAL_RANK", 0)) if under_torchrun() else 0


def is_first() -> bool:
    """Whether this process does what is done once (prepare, pack, print), before and after the ranks are joined too."""
    return not under_torchrun() or os.environ["RANK"] == "0"


def rank() -> int:
    """This process's place among all."""
    return dist.get_rank() if dist.is_initialized() else 0


def ranks() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def wait_for_all() -> None:
    """Return when every rank has come here."""
    if ranks() > 1:
        dist.barrier()


def mean_and_clock(value: torch.Tensor, seconds: float) -> tuple[float, float]:
    """The mean over ranks of one number, and rank 0's clock, in one exchange."""
    if ranks() == 1:
        return float(value), seconds
    # Milliseconds, which float32 counts exactly up to four hours.
    clock = torch.tensor(seconds * 1000 if rank() == 0 else 0.0, device=value.device)
    box = torch.stack((value.float(), clock))
    sum_over_ranks(box)
    total, milliseconds = box.tolist()
    return total / ranks(), milliseconds / 1000


def exchanges_gradients() -> bool:
    """Whether gradients are summed by sum_over_ranks; torch's DistributedDataParallel does it otherwise."""
    return _exchange is not None


def sum_over_ranks(*tensors: torch.Tensor) -> None:
    """Put the sums over ranks into float32 tensors of each, in one exchange: many cost more latency than bytes."""
    if _exchange is not None:
        _exchange.sum(tensors)
    elif ranks() > 1:
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))


def mean_of_used_rows(tensor_RC: torch.Tensor) -> torch.Tensor:
    """The mean over ranks of each row, where ranks whose row is all zeros have no say."""
    used = tensor_RC.any(1, keepdim=True).to(tensor_RC.dtype)
    box = torch.cat((tensor_RC, used), 1)
    sum_over_ranks(box)
    return box[:, :-1] / box[:, -1:].clamp(min=1)


def run_ranks(function: Callable[..., None], arguments: tuple[Any, ...], processes: int) -> None:
    """Call function(*arguments) on every rank; returns when all have ended.

    Under torchrun this process is one of the ranks already. Otherwise `processes` new ones are started on this
    machine, each with one thread (they share a core's cache better than threads do); for one, none is.

    Raises:
        TrainingError: a process that was started here was killed.
    """
    if under_torchrun():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=TIMEOUT)
        try:
            function(*arguments)
        finally:
            dist.destroy_process_group()
    elif processes == 1:
        function(*arguments)
    else:
        _run_local(function, arguments, processes)


def _run_local(function: Callable[..., None], arguments: tuple[Any, ...], processes: int) -> None:
    """Start the ranks and wait; an interrupt ends them without a word, since what stopped is the whole command."""
    parent = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="paramgolf-") as folder:
        barrier = get_context("spawn").Barrier(processes)
        # Python leaves a signal alone that it finds ignored, so a rank that still imports prints no traceback.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            with keeping_memory():
                context = start_processes(
                    _local_rank,
                    (function, arguments, Path(folder), barrier, _free_port()),
                    nprocs=processes,
                    join=False,
                    start_method="spawn",
                )
        finally:
            signal.signal(signal.SIGINT, before)
        try:
            while not context.join():
                pass
        except KeyboardInterrupt:
            for process in context.processes:
                process.terminate()
            raise
        except (ProcessExitedException, ProcessRaisedException):
            # Whichever end is seen first: those that wait for a killed one raise.
            if any(process.exitcode == -signal.SIGKILL for process in context.processes):
                raise TrainingError(KILLED) from None
            raise


def _local_rank(
    index: int,
    function: Callable[..., None],
    arguments: tuple[Any, ...],
    folder: Path,
    barrier: Barrier,
    port: int,
) -> None:
    global _exchange
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_num_threads(1)
    ranks = barrier.parties
    store = TCPStore("127.0.0.1", port, ranks, is_master=index == 0, timeout=TIMEOUT)
    dist.init_process_group("gloo", store=store, rank=index, world_size=ranks, timeout=TIMEOUT)
    _exchange = Exchange(folder, barrier, index, TIMEOUT)
    try:
        function(*arguments)
        # Barrier: a rank must not close gloo while peers still read.
        dist.barrier()
    finally:
        dist.destroy_process_group()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
