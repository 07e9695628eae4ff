"""Processes of one machine sum through memory: the same bits for all, call after call, whatever the sizes."""

import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.multiprocessing.spawn import ProcessExitedException, ProcessRaisedException

from paramgolf.train import distributed
from paramgolf.train.distributed import rank, run_ranks, sum_over_ranks
from paramgolf.train.malloc import keeping_memory

CALLS = 40
PROCESSES = 3


def parts(call: int, process: int) -> list[torch.Tensor]:
    """Tensors of one call of one process: sizes differ from call to call, and come again."""
    generator = torch.Generator().manual_seed(call * PROCESSES + process)
    return [torch.randn(3 + call % 4, 5, generator=generator), torch.randn((), generator=generator)]


def sum_again_and_again(folder: Path) -> None:
    sums = []
    for call in range(CALLS):
        tensors = parts(call, rank())
        sum_over_ranks(*tensors)
        sums += tensors
    save_file({str(i): tensor for i, tensor in enumerate(sums)}, folder / str(rank()))


def list_in(path: Path) -> list[torch.Tensor]:
    tensors = load_file(path)
    return [tensors[str(i)] for i in range(len(tensors))]


def sum_parts_of_a_whole(folder: Path) -> None:
    whole = torch.zeros(4, 6)
    whole[:, rank()] = rank() + 1
    # Not contiguous, as gradients of transposed matrices are.
    view = whole.t()
    sum_over_ranks(view)
    if rank() == 1:
        save_file({"whole": whole}, folder / "whole")


def die_at_the_second_call(folder: Path) -> None:
    sum_over_ranks(torch.ones(2))
    if rank() == 1:
        os._exit(7)
    sum_over_ranks(torch.ones(2))


def test_every_process_gets_the_same_sums_call_after_call(tmp_path):
    run_ranks(sum_again_and_again, (tmp_path,), PROCESSES)
    found = [list_in(tmp_path / str(process)) for process in range(PROCESSES)]
    expected = [
        sum(tensors[1:], tensors[0])
        for call in range(CALLS)
        for tensors in zip(*(parts(call, process) for process in range(PROCESSES)), strict=True)
    ]
    for sums in found:
        assert all(torch.equal(a, b) for a, b in zip(sums, found[0], strict=True))
        torch.testing.assert_close(sums, expected)


def test_tensors_of_any_layout_are_summed(tmp_path):
    run_ranks(sum_parts_of_a_whole, (tmp_path,), 2)
    whole = load_file(tmp_path / "whole")["whole"]
    assert whole[0].tolist() == [1, 2, 0, 0, 0, 0]


def test_the_memory_has_no_name_left_when_all_is_done(tmp_path, monkeypatch):
    (tmp_path / "memory").mkdir()
    monkeypatch.setattr(distributed, "MEMORY_FOLDER", tmp_path / "memory")
    run_ranks(sum_again_and_again, (tmp_path,), 2)
    assert not any((tmp_path / "memory").iterdir())


def test_a_process_that_dies_ends_the_others(tmp_path):
    with pytest.raises((ProcessExitedException, ProcessRaisedException)):
        run_ranks(die_at_the_second_call, (tmp_path,), 2)


def test_only_processes_started_inside_keep_their_memory(monkeypatch):
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    with keeping_memory():
        assert "glibc.malloc.trim_threshold" in os.environ["GLIBC_TUNABLES"]
    assert "GLIBC_TUNABLES" not in os.environ
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0")
    with keeping_memory():
        assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"
    assert os.environ["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=0"
