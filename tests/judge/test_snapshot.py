"""What the judge puts aside is gone when the judge is, also when it is killed."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from paramgolf.judge.snapshot import private_folder

KILLED = """
import time
from paramgolf.judge.snapshot import private_folder
with private_folder() as folder:
    (folder / "model.pyz").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_it_is_gone_behind_the_block():
    with private_folder() as folder:
        (folder / "a").mkdir()
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()


def test_it_is_gone_when_the_judge_is_killed():
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True)
    folder = Path(process.stdout.readline().strip())
    assert folder.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while folder.exists():
        assert time.monotonic() < deadline, "the folder is still there"
        time.sleep(0.05)
