"""How all tests run: on every core, and untimed, since a busy machine is no fault of the code."""

import resource
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
import torch
from xdist.scheduler import LoadScopeScheduling

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

ONE_RUN = "tests/lab/one_run/"
# A test that takes the processor for longer than this should be marked slow. No test fails by it: processors differ.
SLOW_SECONDS = 2.0
STARTED = pytest.StashKey[float]()


class ByModule(LoadScopeScheduling):
    """A module's tests stay in one process, and so do all tests of the one long run, so that it is made once."""

    def _split_scope(self, nodeid: str) -> str:
        return ONE_RUN if nodeid.startswith(ONE_RUN) else nodeid.split("::", 1)[0]


def pytest_configure() -> None:
    """One thread: those of several processes on the same cores wait for each other longer than they work, and sums
    of another number of threads round differently."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Whatever a test was about."""
    yield
    torch.set_num_threads(1)


@pytest.fixture
def zip_entry(tmp_path: Path) -> Callable[[str], Path]:
    """Makes an artifact of nothing but an entry.py."""

    def write(source: str) -> Path:
        path = tmp_path / "model.pyz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("entry.py", source)
        return path

    return write


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByModule:
    return ByModule(config, log)


@pytest.hookimpl(tryfirst=True)  # before marks are selected by
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The one long run comes first, then modules with slow tests, so that no core waits for one of them in the end."""
    for item in items:
        if item.nodeid.startswith(ONE_RUN):
            item.add_marker("slow")
    slow = {_module(item) for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (not item.nodeid.startswith(ONE_RUN), _module(item) not in slow))


def _module(item: pytest.Item) -> str:
    return item.nodeid.split("::", 1)[0]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[STARTED] = _processor_seconds()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """With the last report of a test goes what it took of the processor, which no other work on the machine changes."""
    if call.when == "teardown":
        item.user_properties.append(("processor_seconds", _processor_seconds() - item.stash[STARTED]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that should be marked slow, so that `make quick` stays quick."""
    for report in terminalreporter.getreports(""):
        took = dict(report.user_properties).get("processor_seconds", 0.0)
        if took > SLOW_SECONDS and "slow" not in report.keywords:
            terminalreporter.write_line(f"{took:.1f} s: {report.nodeid} is not marked slow")


def _processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
