"""Locks between processes."""

import os
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_POLL_S = 0.02


@contextmanager
def exclusive(folder: Path, timeout_s: float = 60) -> Iterator[None]:
    """Hold a folder's lock, which one thread of all processes has at a time.

    What it protects must bear being done twice: the lock is not had where the folder can't be made, where its file
    system knows no locks, and when somebody else holds it for longer than the timeout. A folder that is still empty
    at the end is removed.
    """
    descriptor = _locked(folder, time.monotonic() + timeout_s)
    try:
        yield
    finally:
        if descriptor is not None:
            with suppress(OSError):
                folder.rmdir()
            os.close(descriptor)  # which gives the lock back


def _locked(folder: Path, deadline: float) -> int | None:
    """An open descriptor of the folder, which has its lock; None if that can't be had."""
    if sys.platform == "win32":
        return None
    while time.monotonic() < deadline:
        descriptor = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), folder.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):  # held by another one, or removed by it just now
            time.sleep(_POLL_S)
        except (
            FileExistsError
        ):  # removed by another one before mkdir has looked at what is there, or no folder
            if _is_no_folder(folder):
                deadline = 0
        except OSError:
            deadline = 0
        if descriptor is not None:
            os.close(descriptor)
    return None


def _is_no_folder(path: Path) -> bool:
    """Whether something else is there: a folder, or nothing by now, can still become the locked one."""
    try:
        return not stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
