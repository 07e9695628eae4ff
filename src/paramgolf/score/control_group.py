"""A control group for each sandbox, where the host offers one: the kernel counts memory and processes of all of it.

Resource limits (rlimits) hold for each process; an entry with many processes gets many times the memory. A control
group holds for the sandbox as a whole. Both versions of the kernel's interface are used, whichever can be written to.
"""

import contextlib
import functools
import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

from paramgolf.score.limits import Limits

MOUNT = Path("/sys/fs/cgroup")
CONTROLLERS = ("memory", "pids")
BUBBLEWRAP = 2  # its own processes, outside and inside
# Joins each group before anything of the entry starts, so that nothing of it was ever outside.
_JOIN = 'while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
# Reads until the harness lets go of the pipe or is killed, then waits for the last process to be gone.
_CLEAR_UP = (
    'cat > /dev/null; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do rmdir -- "$@" && exit; sleep 0.2; done'
)


@contextlib.contextmanager
def control_group(limits: Limits) -> Iterator[list[str]]:
    """What to put in front of a command so that it runs under `limits` as a whole; nothing where no group can be made.

    The group is removed after the block, and also when this process is killed.
    """
    parents = group_parents()
    if not parents:
        yield []
        return
    name = f"paramgolf-{uuid.uuid4().hex}"
    groups = sorted({str(parent / name) for parent in parents})
    with _keeper(groups):
        for group in groups:
            _limit(Path(group), limits)
        yield ["/bin/sh", "-c", _JOIN, "sh", *groups, "--"]


@functools.cache
def group_parents() -> tuple[Path, ...]:
    """The folders in which groups with memory and process limits can be made here, tried out once; () for none."""
    for parents in [*_version_2(), *_version_1()]:
        with contextlib.suppress(OSError):
            if _works(parents):
                return parents
    return ()


def limits_kept_by() -> str:
    """What counts memory and processes here, for people."""
    return "control groups and rlimits" if group_parents() else "rlimits of each process"


def _version_2() -> Iterator[tuple[Path, ...]]:
    """From our own group upwards, those that hand both controllers on."""
    own = dict(_memberships()).get("")
    for mount in (MOUNT, MOUNT / "unified"):
        if own is None or not (mount / "cgroup.controllers").exists():
            continue
        group = mount / own.lstrip("/")
        for parent in (group, *group.parents):
            if not parent.is_relative_to(mount):
                break
            control = parent / "cgroup.subtree_control"
            if control.exists() and set(CONTROLLERS) <= set(control.read_text().split()):
                yield (parent,)


def _version_1() -> Iterator[tuple[Path, ...]]:
    """A hierarchy for each controller: our own group in it, or its root where a container shows another path."""
    memberships = dict(_memberships())
    parents = []
    for controller in CONTROLLERS:
        root = MOUNT / controller
        own = root / memberships.get(controller, "/").lstrip("/")
        parents.append(own if own.is_dir() else root)
    if all(parent.is_dir() for parent in parents):
        yield tuple(parents)


def _memberships() -> Iterator[tuple[str, str]]:
    """Controller and path of each group that this process is in; version 2 has no controller's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if match := re.fullmatch(r"\d+:([^:]*):(/.*)", line):
                for controller in match[1].split(","):
                    yield controller, match[2]


def _works(parents: tuple[Path, ...]) -> bool:
    """Whether a process can be put into a new group with limits."""
    name = f"paramgolf-trial-{uuid.uuid4().hex}"
    groups = [str(parent / name) for parent in parents]
    with _keeper(groups):
        for group in groups:
            _limit(Path(group), Limits())
        joined = subprocess.run(
            ["/bin/sh", "-c", _JOIN, "sh", *groups, "--", "/bin/true"], capture_output=True, timeout=10
        )
    return joined.returncode == 0


def _limit(group: Path, limits: Limits) -> None:
    """Make the group where it is not there yet, and write its limits; OSError where the kernel refuses."""
    group.mkdir(exist_ok=True)
    settings = {
        "memory.max": limits.memory_bytes,
        "memory.swap.max": 0,
        "memory.limit_in_bytes": limits.memory_bytes,
        "memory.memsw.limit_in_bytes": limits.memory_bytes,
        "pids.max": limits.processes + BUBBLEWRAP,
    }
    for name, value in settings.items():
        if (group / name).exists():
            (group / name).write_text(str(value))


@contextlib.contextmanager
def _keeper(groups: list[str]) -> Iterator[None]:
    """A process that removes the groups after the block; one that no signal to the harness's group reaches."""
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _CLEAR_UP, "sh", *groups],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env={"PATH": os.defpath},
    )
    try:
        yield
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
