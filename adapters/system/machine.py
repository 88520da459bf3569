"""What the operating system lets this process use, and what this process gives back."""

import ctypes
import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUP = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Those that it may run on; fewer where its group has a quota of processor time (`docker run --cpus`)."""
    return max(1, math.ceil(min([len(os.sched_getaffinity(0)), *_quotas()])))


def give_back_memory() -> None:
    """Hand what has been freed to the operating system: after much was needed for a moment, as by a model's loading.

    The C library keeps it otherwise, for whoever asks next. Does nothing where that library isn't glibc.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _quotas() -> Iterator[float]:
    """Seconds of processor time a second: the group's, those of the groups around it; none where none is set."""
    for folder in _own_groups():
        with suppress(OSError, ValueError):  # "max" is no number, and no quota
            quota, period = map(int, (folder / "cpu.max").read_text(encoding="ascii").split())
            yield quota / period
    with suppress(OSError, ValueError):  # the first version of such groups, which some hosts still have
        quota, period = (
            int((_GROUPS / "cpu" / f"cpu.cfs_{name}_us").read_text(encoding="ascii"))
            for name in ("quota", "period")
        )
        if quota > 0:
            yield quota / period


def _own_groups() -> Iterator[Path]:
    """From the innermost to the root of what this process can see."""
    with suppress(OSError):
        for line in _OWN_GROUP.read_text(encoding="utf-8").splitlines():
            number, _, path = line.split(":", 2)
            if number == "0":
                own = _GROUPS / path.lstrip("/")
                yield from (own, *(folder for folder in own.parents if folder.is_relative_to(_GROUPS)))
