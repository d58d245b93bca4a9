"""What this machine does well, and how this process asks it for memory."""

import ctypes
import sys

import torch

from pipelines.base import Machine

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h


def best_device() -> torch.device:
    """Returns where networks run: a graphics card, of NVIDIA's or Apple's, or else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def fast_type(device: torch.device) -> torch.dtype:
    """Returns the numbers that networks multiply fastest on a device.

    That is bfloat16 where there are instructions for it, which is worth twice the speed; a processor without them would
    emulate it, at a tenth.
    """
    fast = device.type == "cuda" or torch.cpu._is_avx512_bf16_supported()
    return torch.bfloat16 if fast else torch.float32


def this_machine() -> Machine:
    """Measures this machine."""
    import psutil  # comes with accelerate

    device, memory = best_device(), psutil.virtual_memory().total
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return Machine(properties.name, properties.total_memory, memory, 2)
    if device.type == "mps":
        return Machine("Apple", torch.mps.recommended_max_memory(), memory, 2)
    return Machine("", 0, memory, fast_type(device).itemsize)


def gpu_memory() -> list[tuple[int, int]]:
    """Returns bytes in use, and all there are, of each graphics card of NVIDIA's that this process has set up.

    Other programs' memory on a card counts too.
    """
    if not torch.cuda.is_initialized():
        return []
    measured = [torch.cuda.mem_get_info(index) for index in range(torch.cuda.device_count())]
    return [(total - free, total) for free, total in measured]


def keep_freed_memory() -> None:
    """Lets glibc keep what is freed for the next allocation; does nothing elsewhere.

    Giving it back makes every forward pass fault its pages in again, which costs up to 1.4 times the run (measured on
    two cores).
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
