"""The sandbox that an entry runs in, and the command line that makes it.

bubblewrap gives the worker its own user, mount, process, network, IPC and host-name namespaces, no
capability, no network, an emptied environment, and a file system that holds nothing but the interpreter,
the system's libraries, the declared runtime (see packages.py), the artifact and the worker script, all
read-only; /tmp and /dev/shm are empty and limited in size. Resource limits are set by the worker script
before it loads the entry.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from paramgolf.errors import SandboxError
from paramgolf.score.limits import Limits
from paramgolf.score.packages import runtime_packages

# One: with two, how work was shared changed the last bits of float32 sums between repeats on a busy machine, and a
# score must give the same bits whenever it is measured.
ENTRY_THREADS = 1
WORKER = Path(__file__).with_name("worker.py")
# -P, -s, -S: nothing but the standard library and what the worker adds is on sys.path. Not -I, which would
# also ignore PYTHONHASHSEED: the environment is ours, and two runs must give the same bits.
PYTHON_FLAGS = ("-P", "-s", "-S", "-B")
INSTALL = "Install it: apt-get install bubblewrap (or your distribution's package of that name)."
ALLOW = (
    "bubblewrap needs unprivileged user namespaces. Allow them with "
    "`sysctl kernel.unprivileged_userns_clone=1` (Debian) or "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu); in a container, start it with "
    "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined --cap-add SYS_ADMIN`."
)


class Isolation(StrEnum):
    """How the worker is kept apart. NONE is for one's own artifact only, where bubblewrap is not there."""

    BUBBLEWRAP = "bubblewrap"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class SharedLogits:
    """The shared memory through which logits come: a descriptor, cut into slots that are used in turn."""

    descriptor: int
    slots: int
    slot_bytes: int


def worker_command(
    artifact: Path, logits: SharedLogits, *, isolation: Isolation, threads: int, limits: Limits
) -> list[str]:
    """The command line that starts a worker on `artifact`.

    Raises:
        SandboxError: bubblewrap is not installed.
    """
    sandboxed = isolation is Isolation.BUBBLEWRAP
    settings = {
        "artifact": "/artifact/model.pyz" if sandboxed else str(artifact.resolve()),
        "packages": ["/packages"] if sandboxed else sorted({str(p.parent) for p in runtime_packages()}),
        "limits": limits.as_resources(own_user=sandboxed),
        "threads": threads,
        "logits": logits.descriptor,
        "slots": logits.slots,
        "slot_bytes": logits.slot_bytes,
    }
    if not sandboxed:
        return [sys.executable, *PYTHON_FLAGS, str(WORKER), json.dumps(settings)]
    shown = {WORKER: "/worker.py", artifact.resolve(): "/artifact/model.pyz"}
    shown |= {path: f"/packages/{path.name}" for path in runtime_packages()}
    return [
        *_entry_sandbox(shown, threads=threads, limits=limits),
        *(str(interpreter()), *PYTHON_FLAGS, "/worker.py", json.dumps(settings)),
    ]


def worker_environment(threads: int, *, home: str) -> dict[str, str]:
    """The whole environment of a worker."""
    return {
        "HOME": home,
        "TMPDIR": home,
        "USER": "entry",
        "LANG": "C.UTF-8",
        "PATH": "/usr/bin:/bin",
        "PYTHONHASHSEED": "0",
        # The same bits wherever arrays lie in memory; how busy the cores are is what ENTRY_THREADS is for.
        "MKL_CBWR": "AUTO,STRICT",
        "MKL_DYNAMIC": "FALSE",
        **{f"{library}_NUM_THREADS": str(threads) for library in ("OMP", "MKL", "OPENBLAS", "NUMBA")},
    }


def sandbox_failure() -> str | None:
    """Why the bubblewrap sandbox cannot be used here, and what to do; None if a trial run of it works."""
    try:
        command = [
            *_entry_sandbox({}, threads=1, limits=Limits()),
            str(interpreter()),
            *PYTHON_FLAGS,
            "-c",
            "",
        ]
        trial = subprocess.run(command, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    except SandboxError as error:
        return str(error)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"A trial run of bubblewrap failed: {error}. {ALLOW}"
    if trial.returncode == 0:
        return None
    stderr = trial.stderr.decode("utf-8", "replace").strip()[-1000:]
    return f"A trial run of bubblewrap failed: {stderr}. {ALLOW}"


def _entry_sandbox(shown: dict[Path, str], *, threads: int, limits: Limits) -> list[str]:
    environment = worker_environment(threads, home="/tmp")  # noqa: S108
    return bubblewrap(shown, environment=environment, temporary_bytes=limits.temporary_bytes)


def bubblewrap(
    shown: dict[Path, str],
    *,
    environment: dict[str, str],
    temporary_bytes: int,
    writable: dict[Path, str] | None = None,
    tools: bool = False,
) -> list[str]:
    """The command line up to the program, with an empty /tmp as its working folder.

    `shown` is mounted read-only besides the interpreter and the system's libraries, `writable` too and may be
    written; `tools` adds the system's programs and headers (a compiler, for one).

    Raises:
        SandboxError: bubblewrap is not installed.
    """
    program = shutil.which("bwrap")
    if program is None:
        raise SandboxError(f"bubblewrap (bwrap) is not installed, and entries run only inside it. {INSTALL}")
    small_tmpfs = ("--size", str(temporary_bytes), "--tmpfs")
    command = [
        *(
            program,
            "--unshare-all",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
            "--cap-drop",
            "ALL",
        ),
        *("--uid", "65534", "--gid", "65534", "--hostname", "entry", "--clearenv"),
        # Read-only, since root may write to /proc/sys without any capability.
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *("--dev", "/dev", *small_tmpfs, "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108
        *(*small_tmpfs, "/tmp"),  # noqa: S108
    ]
    for name, value in environment.items():
        command += ["--setenv", name, value]
    command += _system_mounts(tools)
    for source, target in shown.items():
        command += ["--ro-bind", str(source), target]
    for source, target in (writable or {}).items():
        command += ["--bind", str(source), target]
    return [*command, "--chdir", "/tmp", "--remount-ro", "/", "--"]  # noqa: S108


def interpreter() -> Path:
    """The interpreter itself: inside a virtual environment, the one it was made from."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def _system_mounts(tools: bool) -> list[str]:
    """The interpreter and the libraries it needs, with every site-packages inside them covered up."""
    roots = (Path(sys.base_prefix), Path("/usr"))
    libraries = sorted({path for root in roots for path in root.glob("lib*") if path.is_dir()})
    if tools:
        libraries += [Path("/usr/bin"), *(path for root in roots if (path := root / "include").is_dir())]
    mounts = [part for path in libraries for part in ("--ro-bind", str(path), str(path))]
    for path in sorted(Path("/").glob("lib*")):
        if path.is_symlink():
            mounts += ["--symlink", str(path.readlink()), str(path)]
        else:
            mounts += ["--ro-bind", str(path), str(path)]
    # /sys/devices/system/cpu: without it torch cannot tell which vector instructions there are
    optionals = ["/etc/ld.so.cache", "/sys/devices/system/cpu"]
    if tools:
        optionals += ["/etc/alternatives"]
        mounts += ["--symlink", "usr/bin", "/bin"]
    for optional in optionals:
        mounts += ["--ro-bind-try", optional, optional]
    mounts += ["--ro-bind", str(interpreter()), str(interpreter())]
    for path in libraries:
        for installed in sorted([*path.glob("python*/site-packages"), *path.glob("python*/dist-packages")]):
            mounts += ["--tmpfs", str(installed), "--remount-ro", str(installed)]
    return mounts
