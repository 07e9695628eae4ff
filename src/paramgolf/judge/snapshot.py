"""A private copy of what is judged, which is gone when the judge is, however it ends."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Reads until the judge closes the pipe or is killed, then clears up: no signal can keep it from that.
_CLEAR_UP = 'cat > /dev/null; exec rm -rf -- "$0"'


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """An empty folder that is removed after the block, and also when this process is killed."""
    folder = Path(tempfile.mkdtemp(prefix="paramgolf-judge-"))
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", _CLEAR_UP, str(folder)], stdin=subprocess.PIPE, start_new_session=True, cwd="/"
    )
    try:
        yield folder
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait()
        shutil.rmtree(folder, ignore_errors=True)
