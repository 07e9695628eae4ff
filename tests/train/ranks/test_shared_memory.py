"""Processes of one machine sum through memory: the same bits for all, call after call, whatever the sizes."""

import errno
import multiprocessing
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from paramgolf.errors import TrainingError, UsageError
from paramgolf.train.ranks import ranks as distributed
from paramgolf.train.ranks.malloc import keeping_memory
from paramgolf.train.ranks.ranks import rank, run_ranks, sum_over_ranks
from paramgolf.train.ranks.shared_memory import Exchange

pytestmark = pytest.mark.slow

CALLS = 40
PROCESSES = 3


def parts(call: int, process: int) -> list[torch.Tensor]:
    """Tensors of one call of one process: sizes differ from call to call, and come again."""
    generator = torch.Generator().manual_seed(call * PROCESSES + process)
    return [torch.randn(3 + call % 4, 5, generator=generator), torch.randn((), generator=generator)]


def sum_much(folder: Path) -> None:
    """On every process: leaves its sums, and the names that the memory has afterwards."""
    sums = {}
    for call in range(CALLS):
        tensors = parts(call, rank())
        sum_over_ranks(*tensors)
        sums |= {f"{call}/{i}": tensor for i, tensor in enumerate(tensors)}
    whole = torch.zeros(4, 6)
    whole[:, rank()] = rank() + 1
    # Not contiguous, as gradients of transposed matrices are.
    sum_over_ranks(whole.t())
    save_file(sums | {"whole": whole}, folder / str(rank()))
    # Both memories of this size, so that nobody makes a new one while the first process looks.
    sum_over_ranks(torch.ones(2))
    sum_over_ranks(torch.ones(2))
    if rank() == 0:
        (made,) = (folder / "memory").iterdir()
        (folder / "names").write_text(" ".join(path.name for path in made.iterdir()))
    sum_over_ranks(torch.ones(2))


def die_at_the_second_call(folder: Path) -> None:
    sum_over_ranks(torch.ones(2))
    if rank() == 1:
        os._exit(7)
    sum_over_ranks(torch.ones(2))


def be_killed_at_the_second_call(folder: Path) -> None:
    sum_over_ranks(torch.ones(2))
    if rank() == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sum_over_ranks(torch.ones(2))


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """What sum_much left."""
    folder = tmp_path_factory.mktemp("exchange")
    (folder / "memory").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributed, "MEMORY_FOLDER", folder / "memory")
        run_ranks(sum_much, (folder,), PROCESSES)
    return folder


def test_every_process_gets_the_same_sums_call_after_call(done):
    found = [load_file(done / str(process)) for process in range(PROCESSES)]
    for call in range(CALLS):
        for i, tensors in enumerate(
            zip(*(parts(call, process) for process in range(PROCESSES)), strict=True)
        ):
            sums = [own[f"{call}/{i}"] for own in found]
            assert all(torch.equal(a, sums[0]) for a in sums)
            torch.testing.assert_close(sums[0], sum(tensors[1:], tensors[0]))


def test_tensors_of_any_layout_are_summed(done):
    assert load_file(done / "1")["whole"][0].tolist() == [1, 2, 3, 0, 0, 0]


def test_memory_loses_its_name_as_soon_as_all_have_it_so_that_a_kill_leaves_none(done):
    assert (done / "names").read_text() == ""
    assert not any((done / "memory").iterdir())


def test_where_memory_has_no_room_it_says_how_much_and_what_to_do(tmp_path, monkeypatch):
    def full(handle: int, start: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    exchange = Exchange(tmp_path / "run", multiprocessing.Barrier(1), 0, timedelta(seconds=9))
    (tmp_path / "run").mkdir()
    with pytest.raises(UsageError, match=r"no room for 4,000 bytes .*shm-size.*cpu_processes = 1"):
        exchange.sum([torch.zeros(1000)])


def test_a_process_that_dies_ends_the_others(tmp_path):
    with pytest.raises((ProcessExitedException, ProcessRaisedException)):
        run_ranks(die_at_the_second_call, (tmp_path,), 2)


def test_of_a_process_that_is_killed_it_says_what_that_may_mean(tmp_path):
    with pytest.raises(TrainingError, match=r"killed from outside.*micro_batch_tokens.*cpu_processes = 1"):
        run_ranks(be_killed_at_the_second_call, (tmp_path,), 2)


def test_only_processes_started_inside_keep_their_memory(monkeypatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    with keeping_memory():
        assert "glibc.malloc.trim_threshold" in os.environ["GLIBC_TUNABLES"]
    assert "GLIBC_TUNABLES" not in os.environ
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    with keeping_memory():
        assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"
