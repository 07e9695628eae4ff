"""How processes that train get their memory."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

# For glibc, elsewhere without effect: a step's tensors stay with the process, in large pages, instead of coming from
# the kernel anew at each step, which took 8 of 100 ms.
_SETTINGS = {
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{setting}"
        for setting in ("hugetlb=1", "mmap_threshold=1073741824", "trim_threshold=1073741824")
    )
}


def memory_settings() -> dict[str, str]:
    """Variables with which a process keeps the memory of its tensors; none where the environment says how."""
    return {name: value for name, value in _SETTINGS.items() if name not in os.environ}


@contextmanager
def keeping_memory() -> Iterator[None]:
    """Processes that are started inside keep the memory of their tensors, unless the environment says how."""
    added = memory_settings()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
