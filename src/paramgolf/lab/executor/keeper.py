"""The process between an executor on this machine and a command: it keeps the clock and ends the command's group.

`python -m paramgolf.lab.executor.keeper SPECIFICATION` runs the command in a session of its own and writes the outcome.
Standard input is a pipe whose other end the executor holds. The pipe closes when the executor cancels, and when the
executor's process dies, killed or not. Both end the command. A command whose keeper is killed gets SIGKILL from the
kernel.

Only the command's process group is ended. A process that left the group for a session of its own is left alone, since
the sandbox has such helpers: they clear up after a killed process, and watch for its end themselves.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from paramgolf.common.files import write_atomic

PARENT = 0
"""Standard input. Nothing is ever written to it, so that readable means closed."""
SECONDS_TO_END = 5.0
NOT_STARTED = 127
"""Status of a command that could not be started, as a shell has it."""
DIE_WITH_PARENT = 1


def main() -> None:
    """Run the one command of the specification."""
    specification = json.loads(sys.argv[1])
    if specification["core"] is not None:
        os.sched_setaffinity(0, {specification["core"]})
    started = time.monotonic()
    ending, status = _run(specification["command"], specification["seconds"])
    outcome = {
        "command": specification["command"],
        "ending": ending,
        "status": status,
        "seconds": time.monotonic() - started,
    }
    write_atomic(Path(specification["outcome"]), json.dumps(outcome, indent=2) + "\n")


def _run(command: list[str], seconds: float | None) -> tuple[str, int]:
    library = ctypes.CDLL(None)  # before the fork: loading is not safe after it
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=lambda: library.prctl(DIE_WITH_PARENT, signal.SIGKILL),
        )
    except OSError as error:
        print(error, file=sys.stderr, flush=True)
        return "exited", NOT_STARTED
    ended = os.pidfd_open(process.pid)
    ready, _, _ = select.select([ended, PARENT], [], [], seconds)
    if ended not in ready:
        _signal_group(process.pid, signal.SIGTERM)
        select.select([ended], [], [], SECONDS_TO_END)
    # Before the command is reaped: its id, and so its group's, cannot be another's yet.
    _signal_group(process.pid, signal.SIGKILL)
    ending = "exited" if ended in ready else "cancelled" if PARENT in ready else "out of time"
    return ending, process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, number)


if __name__ == "__main__":
    main()
