"""The one place that decides where training runs, in what precision and whether it is compiled."""

import os
import shutil
from dataclasses import dataclass

import torch

# Tokens of one forward and backward pass on a CPU: the recipe `record` takes 7 GB for them, and more are no faster.
CPU_PASS_TOKENS = 16_384


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device, what it is called, and the floating-point precision that it multiplies matrices in best."""

    device: torch.device
    dtype: torch.dtype
    description: str

    @property
    def is_cuda(self) -> bool:
        """Whether this is a GPU."""
        return self.device.type == "cuda"

    def pass_tokens(self, wanted: int) -> int:
        """Tokens of one forward and backward pass where a recipe wants so many, which are meant for a GPU's memory."""
        return wanted if self.is_cuda else min(wanted, CPU_PASS_TOKENS)

    def synchronise(self) -> None:
        """Wait until the device has done what it was given, so that a clock read next is true."""
        if self.is_cuda:
            torch.cuda.synchronize(self.device)


def pick_device(local_rank: int = 0) -> Device:
    """A GPU where there is one, else the CPU.

    bfloat16 products need hardware: a CPU that has neither AMX nor AVX512-BF16 emulates them about 5 times slower
    than float32, so there products stay float32.
    """
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        return Device(device=device, dtype=torch.bfloat16, description=torch.cuda.get_device_name(device))
    dtype = torch.bfloat16 if cpu_has_bfloat16() else torch.float32
    return Device(device=torch.device("cpu"), dtype=dtype, description=cpu_name())


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices in hardware."""
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def products_notice(device: Device) -> str | None:
    """Why products of 8-bit integers do not pay here, or None where they do.

    On a CPU they cost passes over what they multiply: against float32 they win that back, against bfloat16 not.
    """
    if device.is_cuda:
        return None
    if device.dtype == torch.bfloat16:
        return f"{device.description} multiplies bfloat16, which is faster here than 8-bit integers"
    if torch.cpu._is_vnni_supported():
        return None
    return (
        f"{device.description}: no instructions for products of 8-bit integers; they stay in floating point"
    )


def cpu_name() -> str:
    """The processor's name, as the kernel gives it."""
    try:
        with open("/proc/cpuinfo") as handle:
            for line in handle:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return "CPU"


def compiler_notice(device: Device) -> str | None:
    """Why torch.compile cannot be used here, or None where it can."""
    if device.is_cuda or any(shutil.which(name) for name in ("g++", "clang++", "c++")):
        return None
    return "no C++ compiler found: training runs uncompiled, 1.5 to 2 times slower (fix: apt-get install g++)"


def usable_cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0))
