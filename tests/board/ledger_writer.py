"""Processes that write into a ledger. Run as a program, it starts one for each line `LEDGER NAME FILE` that it reads.

The program imports once and forks, so that a hundred writers start in a moment.
"""

import itertools
import os
import signal
import sys
from pathlib import Path

from board_factory import CHALLENGE, make_verdict, submission

from paramgolf.board.intake.intake import add_verdict
from paramgolf.board.ledger.ledger import Ledger


def write_submissions(path, name, count):
    """Hand in `count` entries."""
    ledger = Ledger(path)
    for number in range(count):
        ledger.append(submission(ledger.store, f"{name}-{number}"), who=name, why="handed in")


def write_until_killed(path, name, acknowledged):
    """Hand in and judge entries without end; after each event that was acknowledged its chain goes to a file."""
    descriptor = os.open(acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    ledger = Ledger(path)
    for number in itertools.count():
        entry = f"{name}-{number}"
        submitted = ledger.append(submission(ledger.store, entry), who=name, why="handed in")
        os.write(descriptor, f"{submitted.number} {submitted.chain}\n".encode())
        judged = add_verdict(ledger, make_verdict(entry, {0: 1.2}), CHALLENGE, who=name)
        os.write(descriptor, f"{judged.number} {judged.chain}\n".encode())


def main():
    """Answer each line with the number of the process that writes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        path, name, acknowledged = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            write_until_killed(Path(path), name, acknowledged)
        print(child, flush=True)


if __name__ == "__main__":
    main()
