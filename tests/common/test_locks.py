"""A lock keeps others out, ends with its holder however that ends, and leaves no file."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from paramgolf.common.locks import is_locked, lease, locked

HOLD = """
import os, sys, time
from pathlib import Path
from paramgolf.common.locks import locked
with locked(Path(sys.argv[1])):
    if sys.argv[2] == "forks" and os.fork() == 0:
        time.sleep(60)
    print("held", flush=True)
    time.sleep(60)
"""
# Longer than a busy machine needs; a lock that is free is taken at once.
PATIENCE = 20.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "work.lock"


@contextmanager
def another_holder(path, how="alone"):
    """Another process that holds the lock, in a group of its own; the group is killed at the end."""
    words = [sys.executable, "-c", HOLD, str(path), how]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as holder:
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            with suppress(ProcessLookupError):
                os.killpg(holder.pid, signal.SIGKILL)


def test_another_process_is_kept_out_and_told(path):
    with another_holder(path), pytest.raises(TimeoutError, match=r"work\.lock is held by another"):
        locked(path, seconds=0).__enter__()


def test_a_killed_holders_lock_is_free_again(path):
    with another_holder(path) as holder:
        holder.kill()
        holder.wait()
        with locked(path, seconds=PATIENCE):
            pass


def test_a_process_that_a_killed_holder_forked_does_not_keep_the_lock(path):
    with another_holder(path, "forks") as holder:
        holder.kill()
        holder.wait()
        with locked(path, seconds=PATIENCE):
            pass


def test_who_waits_gets_it_when_it_is_given_back(path):
    order = []

    def second():
        with locked(path):
            order.append("second")

    with locked(path):
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.2)
        order.append("first")
    waiting.join(PATIENCE)
    assert order == ["first", "second"]


def test_whether_it_is_held_can_be_asked(path):
    assert not is_locked(path)
    with another_holder(path) as holder:
        assert is_locked(path)
        holder.kill()
        holder.wait()
        assert not is_locked(path)


def test_no_file_is_left(path):
    with locked(path):
        assert path.exists()
    assert list(path.parent.iterdir()) == []


def test_an_error_inside_gives_it_back(path):
    with pytest.raises(ZeroDivisionError), locked(path):
        raise ZeroDivisionError
    with locked(path, seconds=0):
        pass


def test_a_link_in_its_place_is_not_followed(path):
    target = path.parent / "target"
    target.write_text("kept")
    path.symlink_to(target)
    with pytest.raises(OSError, match="symbolic link"), locked(path, seconds=0):
        pass
    assert target.read_text() == "kept"


def test_takers_by_turns_never_hold_it_together(path):
    inside, most = 0, 0

    def take():
        nonlocal inside, most
        for _ in range(20):
            with locked(path):
                inside += 1
                time.sleep(0.001)
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_lease_is_held_by_the_child_that_took_it_over_until_that_is_killed(path):
    descriptor = lease(path)
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(words, pass_fds=(descriptor,)) as child:
        os.close(descriptor)
        with pytest.raises(BlockingIOError):
            lease(path)
        child.kill()
        child.wait()
    os.close(lease(path))
