"""What an entry may use of the machine."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an entry may use, besides the wall clock. Sizes in bytes.

    Memory, processor time and files count for each of its processes; memory also for all together where the host has
    control groups (control_group.py).
    """

    memory_bytes: int = 8 << 30
    address_space_bytes: int = 32 << 30  # more than memory: libraries reserve addresses that they never touch
    temporary_bytes: int = 256 << 20  # each of /tmp and /dev/shm
    file_bytes: int = 256 << 20
    open_files: int = 256
    processes: int = 256  # threads count
    processor_seconds: int = 4 * 3600

    def as_resources(self, *, own_user: bool) -> dict[str, int]:
        """By name in the `resource` module. Without a user namespace the user's other processes would count too."""
        resources = {
            "RLIMIT_CORE": 0,
            "RLIMIT_DATA": self.memory_bytes,
            "RLIMIT_AS": self.address_space_bytes,
            "RLIMIT_FSIZE": self.file_bytes,
            "RLIMIT_NOFILE": self.open_files,
            "RLIMIT_CPU": self.processor_seconds,
        }
        if own_user:
            resources["RLIMIT_NPROC"] = self.processes
        return resources
