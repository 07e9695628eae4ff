"""What every executor must do: commands finish, fail, end in time, are cancelled, and leave nothing behind.

A new executor joins EXECUTORS with a class of no arguments that has two slots.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from paramgolf.errors import UsageError
from paramgolf.lab.executor.executor import (
    OUTPUT,
    Ending,
    Executor,
    Outcome,
    Task,
    Work,
    last_words,
    read_outcome,
)
from paramgolf.lab.executor.local import LocalExecutor, Slot

CORES = sorted(os.sched_getaffinity(0))
needs_two_cores = pytest.mark.skipif(len(CORES) < 2, reason="pins commands to two cores")


class TwoCores(LocalExecutor):
    """The cores of this machine; where there is one, it stands for both."""

    def __init__(self) -> None:
        super().__init__(
            [Slot(core=CORES[0]), Slot(core=CORES[-1])] if len(CORES) > 1 else [Slot(core=CORES[0])]
        )


class TwoGpus(LocalExecutor):
    """GPUs that need not be there: commands only read which one they were given."""

    def __init__(self) -> None:
        super().__init__([Slot(gpu=0), Slot(gpu=1)])


EXECUTORS = [TwoCores, TwoGpus]


@pytest.fixture(params=EXECUTORS, ids=lambda kind: kind.__name__)
def executor(request):
    with request.param() as made:
        yield made


def python(script: str, folder: Path, **terms) -> Work:
    return Work(command=(sys.executable, "-I", "-S", "-c", script), folder=folder, **terms)


def ended(task: Task, seconds: float = 60) -> Outcome:
    """The outcome, when there is one."""
    return until(task.outcome, seconds)


def until(condition, seconds: float = 60):
    """What `condition` gives, once it is true; a hang fails here."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "this never came"
        time.sleep(0.01)
    return value


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return True
    return state == "Z"


def pid_in(path: Path) -> int:
    """The process id that a command writes to a file, once it is there."""
    return int(until(lambda: path.exists() and path.read_text().strip()))


# A command with a child in its group; both write their process ids.
FAMILY = """
import os, sys, time
def say(name):
    with open(os.path.join({folder!r}, name + ".part"), "w") as handle:
        handle.write(str(os.getpid()))
    os.rename(handle.name, os.path.join({folder!r}, name))
say("child" if os.fork() == 0 else "command")
time.sleep(600)
"""


def family(folder: Path, **terms) -> Work:
    return python(FAMILY.format(folder=str(folder)), folder, **terms)


def both_of(folder: Path) -> list[int]:
    return [pid_in(folder / "command"), pid_in(folder / "child")]


def test_a_command_finishes_and_its_outcome_is_in_the_folder(executor, tmp_path):
    task = executor.submit(python("", tmp_path / "a"))
    outcome = ended(task)
    assert (outcome.succeeded, outcome.ending, outcome.status) == (True, Ending.EXITED, 0)
    assert read_outcome(tmp_path / "a") == outcome


def test_both_outputs_are_kept(executor, tmp_path):
    script = "import sys; print('to people'); print('to the log', file=sys.stderr)"
    ended(executor.submit(python(script, tmp_path)))
    assert sorted((tmp_path / OUTPUT).read_text().splitlines()) == ["to people", "to the log"]


def test_a_command_fails_with_its_own_status_and_words(executor, tmp_path):
    outcome = ended(executor.submit(python("import sys; print('no text'); sys.exit(3)", tmp_path)))
    assert (outcome.succeeded, outcome.ending, outcome.status) == (False, Ending.EXITED, 3)
    assert last_words(tmp_path) == "no text"


def test_a_command_that_is_killed_says_by_what(executor, tmp_path):
    outcome = ended(executor.submit(python("import os; os.kill(os.getpid(), 9)", tmp_path)))
    assert (outcome.ending, outcome.status) == (Ending.EXITED, -signal.SIGKILL)


def test_a_program_that_is_not_there_fails_as_in_a_shell(executor, tmp_path):
    outcome = ended(executor.submit(Work(command=("/no/such/program",), folder=tmp_path)))
    assert (outcome.succeeded, outcome.status) == (False, 127)
    assert "/no/such/program" in last_words(tmp_path)


def test_a_clock_ends_the_whole_group(executor, tmp_path):
    outcome = ended(executor.submit(family(tmp_path, seconds=1.5)))
    assert (outcome.succeeded, outcome.ending) == (False, Ending.OUT_OF_TIME)
    assert all(map(gone, both_of(tmp_path)))


def test_cancelling_ends_the_whole_group_and_waits_for_it(executor, tmp_path):
    task = executor.submit(family(tmp_path))
    pids = both_of(tmp_path)
    assert task.outcome() is None
    assert task.cancel().ending is Ending.CANCELLED
    assert all(map(gone, pids))


@pytest.mark.slow
def test_a_command_that_ignores_being_asked_is_killed(executor, tmp_path):
    deaf = f"import signal; signal.signal(15, signal.SIG_IGN)\n{FAMILY.format(folder=str(tmp_path))}"
    task = executor.submit(python(deaf, tmp_path))
    pids = both_of(tmp_path)
    assert task.cancel().status == -signal.SIGKILL
    assert all(map(gone, pids))


def test_what_has_ended_stays_as_it_was_when_cancelled(executor, tmp_path):
    task = executor.submit(python("", tmp_path))
    assert ended(task) == task.cancel()


def test_an_error_in_the_caller_leaves_nothing_running(tmp_path):
    with TwoCores() as executor:
        tasks = [executor.submit(family(tmp_path / f"{i}")) for i in range(executor.at_once + 1)]
        pids = [pid for task in tasks[:-1] for pid in both_of(task.work.folder)]
    assert all(map(gone, pids))
    assert [task.outcome().ending for task in tasks] == [Ending.CANCELLED] * len(tasks)


def test_a_child_that_outlives_its_command_is_ended_with_it(executor, tmp_path):
    script = FAMILY.format(folder=str(tmp_path)).replace("time.sleep(600)", "").rstrip()
    script = script.replace('say("child" if os.fork() == 0 else "command")', "")
    leaves_one = f"{script}\nif os.fork() == 0:\n    say('child')\n    time.sleep(600)\n" + (
        f"while not os.path.exists({str(tmp_path / 'child')!r}): time.sleep(0.01)"
    )
    assert ended(executor.submit(python(leaves_one, tmp_path))).succeeded
    assert gone(pid_in(tmp_path / "child"))


PARENT = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_executor_conformance as suite
with suite.{kind}() as executor:
    executor.submit(suite.family(Path({folder!r})))
    time.sleep(600)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXECUTORS, ids=lambda kind: kind.__name__)
def test_a_killed_caller_leaves_no_command_behind_and_the_folder_is_free_again(kind, tmp_path):
    script = PARENT.format(tests=str(Path(__file__).parent), kind=kind.__name__, folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script]) as caller:
        pids = both_of(tmp_path)
        caller.kill()
    until(lambda: all(map(gone, pids)))
    until(lambda: read_outcome(tmp_path))
    with kind() as executor:
        assert ended(until(lambda: submitted(executor, python("", tmp_path)))).succeeded


def submitted(executor: Executor, work: Work) -> Task | None:
    """None while the folder is leased."""
    try:
        return executor.submit(work)
    except UsageError:
        return None


MEETING = """
import os, time
open({mine!r}, "w").close()
deadline = time.monotonic() + 60
while not os.path.exists({other!r}):
    assert time.monotonic() < deadline
    time.sleep(0.01)
"""


@needs_two_cores
def test_two_commands_run_at_once_on_slots_of_their_own(executor, tmp_path):
    paths = [str(tmp_path / name) for name in ("first", "second")]
    scripts = [MEETING.format(mine=mine, other=other) for mine, other in (paths, paths[::-1])]
    tasks = [executor.submit(python(script, tmp_path / f"{i}")) for i, script in enumerate(scripts)]
    assert all(ended(task).succeeded for task in tasks)
    assert len({task.place for task in tasks}) == executor.at_once == 2


def test_more_work_than_slots_waits_its_turn(executor, tmp_path):
    tasks = [executor.submit(python("print(1)", tmp_path / f"{i}")) for i in range(5)]
    assert tasks[-1].place is None
    assert all(ended(task).succeeded for task in tasks)


def test_what_waits_is_cancelled_without_a_start(executor, tmp_path):
    running = [executor.submit(family(tmp_path / f"{i}")) for i in range(executor.at_once)]
    waiting = executor.submit(python("print('started')", tmp_path / "waiting"))
    assert waiting.cancel().ending is Ending.CANCELLED
    for task in running:
        task.cancel()
    assert last_words(tmp_path / "waiting") == ""
    assert ended(executor.submit(waiting.work)).succeeded


SEEN = "import json, os; print(json.dumps([sorted(os.sched_getaffinity(0)), os.environ.get('CUDA_VISIBLE_DEVICES')]))"


@needs_two_cores
def test_each_slot_is_one_core(tmp_path):
    with TwoCores() as executor:
        tasks = [executor.submit(python(SEEN, tmp_path / f"{i}")) for i in range(2)]
        assert all(ended(task).succeeded for task in tasks)
    assert [json.loads(last_words(task.work.folder))[0] for task in tasks] == [[CORES[0]], [CORES[-1]]]


@pytest.mark.parametrize(("seen_here", "given"), [(None, ["0", "1"]), ("3,5", ["3", "5"])])
def test_each_slot_is_one_gpu_of_those_that_are_seen_here(seen_here, given, tmp_path, monkeypatch):
    if seen_here is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen_here)
    with TwoGpus() as executor:
        tasks = [executor.submit(python(SEEN, tmp_path / f"{i}")) for i in range(2)]
        assert all(ended(task).succeeded for task in tasks)
    assert [json.loads(last_words(task.work.folder))[1] for task in tasks] == given


def test_variables_of_the_work_reach_the_command(executor, tmp_path):
    work = python("import os; print(os.environ['GIVEN'])", tmp_path, environment={"GIVEN": "so"})
    ended(executor.submit(work))
    assert last_words(tmp_path) == "so"


def test_finished_work_is_delivered_without_being_run_again(executor, tmp_path):
    work = python("print('once')", tmp_path)
    first = ended(executor.submit(work))
    assert ended(executor.submit(work)) == first
    assert (tmp_path / OUTPUT).read_text() == "once\n"


def test_failed_work_and_other_work_are_run_again(executor, tmp_path):
    failing = python("import sys; print('tried'); sys.exit(1)", tmp_path)
    for work in (failing, failing, python("print('other')", tmp_path)):
        ended(executor.submit(work))
    assert (tmp_path / OUTPUT).read_text() == "tried\ntried\nother\n"


def test_a_folder_that_is_being_written_is_refused_to_others(executor, tmp_path):
    task = executor.submit(family(tmp_path))
    with pytest.raises(UsageError, match="another command is writing"):
        executor.submit(python("", tmp_path))
    task.cancel()
    assert ended(executor.submit(python("", tmp_path))).succeeded


def test_a_damaged_outcome_is_refused_and_leaves_the_folder_free(executor, tmp_path):
    (tmp_path / "outcome.json").write_text("{")
    for _ in range(2):
        with pytest.raises(UsageError, match="is no outcome of a command"):
            executor.submit(python("", tmp_path))
