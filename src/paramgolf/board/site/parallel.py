"""The same work on many things, on all cores: a large board has thousands of pages."""

import gc
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")
# below this many, starting processes costs more than it saves
WORTH_IT = 200
_CHUNK = 25

# of a forked process: what it was started for
_work: Callable[[Any], Any] | None = None
_things: Sequence[Any] = ()


def in_processes(work: Callable[[T], R], things: Sequence[T]) -> Iterator[R]:
    """`work` on each of `things`, in order. Forked processes see what `work` is bound to without a copy.

    In this process alone where there is one core, where there is little to do, and beside other threads: a fork
    would take their locks along as they are.
    """
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(things) < WORTH_IT or threading.active_count() > 1:
        yield from map(work, things)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(cores, context, initializer=_take, initargs=(work, things)) as pool:
        yield from pool.map(_do, range(len(things)), chunksize=_CHUNK)


def _take(work: Callable[[Any], Any], things: Sequence[Any]) -> None:
    global _work, _things
    _work, _things = work, things
    # What was there before the fork stays; going through it for garbage would only copy its pages.
    gc.freeze()


def _do(number: int) -> Any:
    assert _work is not None
    return _work(_things[number])
