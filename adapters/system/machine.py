"""Processor cores and memory of this process."""

import ctypes
import math
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def usable_cores(root: Path = Path("/")) -> int:
    """Cores that this process may use: its affinity, or less under a CPU quota (`docker run --cpus`).

    cgroups are read here, since neither psutil nor the standard library knows their quotas.

    Args:
        root: of the file system.
    """
    return max(1, math.ceil(min([len(os.sched_getaffinity(0)), *_quotas(root)])))


_LOW_PRIORITY = 10
"""A niceness at which a thread gets a tenth of what one of usual priority gets, and all that is left over."""


def lower_priority_of_thread() -> None:
    """Let all other threads come before this one, for good; elsewhere than on Linux this does nothing."""
    if sys.platform == "linux":
        # Of the calling thread alone, and added to the process's: see nice(2), "C library/kernel differences".
        os.nice(_LOW_PRIORITY)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Of glibc's malloc.h."""
_MAPPED_BYTES = 32 * 2**20
"""Larger blocks are mapped, and given back when they are freed; glibc gets there by itself after a large photo."""
_KEPT_BYTES = 256 * 2**20
"""Freed memory at an arena's end, beyond which it is given back at once: some photos at a time take less."""


def keep_freed_memory() -> None:
    """Let all threads of this process allocate from one arena, which keeps what is freed until `return_freed_memory`.

    By itself glibc maps large blocks and returns the end of an arena at every chance, depending on what it has seen
    before: each photo then takes the same memory from the system again, which can double its processor time. And it
    gives each thread an arena of its own, of which malloc_trim leaves the end alone: up to 64 MB a thread stay after
    a peak. Does nothing unless the C library is glibc. Call it before other threads start.
    """
    with suppress(AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, 1)
        library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def return_freed_memory() -> None:
    """Return freed memory to the operating system, after a peak such as loading a model.

    The C library would keep it for later allocations. Does nothing unless that is glibc.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _quotas(root: Path) -> Iterator[float]:
    """CPU quotas, in cores, of this process's cgroup and of its ancestors."""
    groups = root / "sys/fs/cgroup"
    for folder in _own_groups(root, groups):
        with suppress(OSError, ValueError):  # "max" is no number, and no quota
            quota, period = map(int, (folder / "cpu.max").read_text(encoding="ascii").split())
            yield quota / period
    with suppress(OSError, ValueError):  # cgroup v1
        quota, period = (
            int((groups / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
            for name in ("quota", "period")
        )
        if quota > 0:
            yield quota / period


def _own_groups(root: Path, groups: Path) -> Iterator[Path]:
    """From the innermost to the root of what this process can see."""
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            number, _, path = line.split(":", 2)
            if number == "0":
                own = groups / path.lstrip("/")
                yield from (own, *(folder for folder in own.parents if folder.is_relative_to(groups)))
