"""One process at a time. The kernel holds a lock for a process and frees it however that process ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def locked(path: Path, *, seconds: float | None = None) -> Iterator[None]:
    """Hold the lock that the file `path` stands for; the file is there only meanwhile, or where a holder was killed.

    A process that was forked from the holder does not hold it. Its folder must exist. `seconds` is how long to wait
    for another holder; None waits without end.

    Raises:
        TimeoutError: another process held it all the while.
        OSError: the file cannot be made, or the file system has no locks.
    """
    # A soft lock, a file without a lock of the kernel, would outlive a killed holder.
    lock = FileLock(path, timeout=-1 if seconds is None else seconds, fallback_to_soft=False)
    with _acquired(lock, path):
        try:
            yield
        finally:
            # A process that opened this file before and gets the lock after sees that it is gone, and begins anew.
            path.unlink(missing_ok=True)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock `path` now; to find out, this holds it for a moment where none does.

    Raises:
        OSError: the file is there, and may not be written.
    """
    if not path.exists():
        return False
    try:
        with locked(path, seconds=0):
            return False
    except TimeoutError:
        return True


def lease(path: Path) -> int:
    """The descriptor of a lock that a child process can take over (`pass_fds`); its file stays.

    The lock ends with the last process that holds the descriptor, however that ends. A `locked` cannot do this: a
    child of its holder does not hold it.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the file cannot be made, or is a link.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def _acquired(lock: FileLock, path: Path) -> Iterator[None]:
    try:
        lock.acquire()
    except Timeout:
        raise TimeoutError(f"{path} is held by another process") from None
    try:
        yield
    finally:
        lock.release()
