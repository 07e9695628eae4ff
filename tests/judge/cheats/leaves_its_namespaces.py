# Tries new namespaces, mounts, the host's root and its kernel settings.
# rule: none
# track: fixed

import contextlib
import ctypes
import os

from base_entry import Base


class Entry(Base):
    def __init__(self):
        super().__init__()
        libc = ctypes.CDLL(None, use_errno=True)
        for file in ("/proc/1/ns/mnt", "/proc/1/ns/pid", "/proc/1/ns/net"):
            with contextlib.suppress(OSError):
                libc.setns(os.open(file, os.O_RDONLY), 0)
        libc.mount(b"proc", b"/tmp", b"proc", 0, None)
        libc.chroot(b"/proc/1/root")
        for setting in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches"):
            with contextlib.suppress(OSError), open(setting, "r+") as file:
                file.read()


def load():
    return Entry()
