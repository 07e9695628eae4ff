"""The application: which commands there are, in which groups, and what their errors exit with.

What a command needs is imported inside it where torch comes with it, so that help and mistyped names answer at once.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

from cyclopts import App, CycloptsError, Group
from rich.console import Console
from rich.text import Text

from paramgolf import __version__
from paramgolf.cli import artifacts, board, entries, lab, pulls, run
from paramgolf.errors import ParamgolfError, UsageError

app = App(
    name="paramgolf",
    help="Train the best tiny language model inside a byte budget, and prove its score by decompression.\n\n"
    "Start with `paramgolf run --challenge tiny`, which takes two minutes. "
    "`paramgolf COMMAND --help` says what a command reads and writes.",
    version=__version__,
    help_format="markdown",
    print_error=False,
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)

# Groups and their commands, in the order in which help lists them.
COMMANDS: dict[str, tuple[App | Callable[..., Any], ...]] = {
    "The road": (run.run, run.data, run.train, run.pack),
    "Judging an artifact": (artifacts.score, artifacts.prove),
    "Entering the game": (entries.new, entries.verify, entries.compare, entries.import_, pulls.submit),
    "Improving a recipe": (lab.ablate, lab.tokenizers),
    "Organising a game": (
        board.board,
        pulls.sandbox_check,
        pulls.check_pr,
        pulls.judge_pr,
        pulls.judge_merged,
        pulls.accept_pr,
    ),
    "Using an artifact": (artifacts.sample, artifacts.compress, artifacts.decompress),
    "Looking things up": (lab.info, lab.recipes, lab.challenges),
}
for place, (title, commands) in enumerate(COMMANDS.items()):
    group = Group(title, sort_key=place)
    for order, command in enumerate(commands):
        if isinstance(command, App):
            command.group, command.sort_key = (group,), order
            app.command(command)
        else:
            app.command(command, group=group, sort_key=order)
board.board.command(pulls.queue)
app.command(lab.ablate_run, show=False)

RESUMABLE = ("run", "train", "ablate")

# The sandbox is bubblewrap, logits pass through a memfd, and training reads /proc: all of them are Linux.
ON_ANY_SYSTEM = ("challenges", "--help", "-h", "--version")
CONTAINER = (
    'docker run --rm -it --privileged -v "${PWD}:/paramgolf" -w /paramgolf python:3.11 make run VENV=/venv'
)
SYSTEMS = {"darwin": "macOS", "win32": "Windows"}


def main(arguments: list[str] | None = None) -> None:
    """Run a command; what a person can fix ends with one line and status 1, or 2 where the call was wrong."""
    words = sys.argv[1:] if arguments is None else arguments
    command = words[0] if words else ""
    if sys.platform != "linux" and words and not {command, words[-1]} & set(ON_ANY_SYSTEM):
        _stop(_needs_linux(SYSTEMS.get(sys.platform, sys.platform)), 1)
    try:
        app(words)
    except CycloptsError as error:
        _stop(f"{str(error).strip()} See: paramgolf {f'{command} ' if command in app else ''}--help", 2)
    except UsageError as error:
        _stop(str(error), 2)
    except BrokenPipeError:
        # The reader has had enough (`| head`). The rest of the buffer is dropped, so that exiting prints no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (ParamgolfError, OSError) as error:
        _stop(str(error), 1)
    except KeyboardInterrupt:
        goes_on = " The same command goes on from the newest checkpoint." if command in RESUMABLE else ""
        Console(stderr=True).print(f"stopped.{goes_on}")
        sys.exit(130)


def _needs_linux(system: str) -> str:
    return (
        f"paramgolf needs Linux, and this is {system}. What works here: `paramgolf challenges`, --help, "
        "and a finished artifact by itself (`python model.pyz compress FILE OUT`; never tested here). "
        f"To play or judge, take a Linux machine, WSL2 on Windows (wsl --install), or a container: {CONTAINER}"
    )


def _stop(message: str, status: int) -> None:
    line = Text.assemble(("error: ", "bold red"), message)
    Console(stderr=True, highlight=False).print(line, soft_wrap=True)
    sys.exit(status)
