"""One owner of a data directory at a time.

flock is used rather than `filelock`, which empties the file when it opens it: the file has the owner's process id.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.embedded_postgres.accounts import account_name
from adapters.system.files import make_private_folder
from application.errors import StartupError

_LOCK = "lock"


class DataDirectoryInUse(StartupError):
    """Another process holds it."""


@contextmanager
def owned(data_dir: Path) -> Iterator[None]:
    """Hold the data directory; make it first, private, if it is missing.

    The kernel releases the lock however this process ends; the file stays.

    Raises:
        DataDirectoryInUse: another process holds it.
    """
    make_private_folder(data_dir)
    lock = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(lock, 32, 0).decode("ascii", errors="replace").strip()
            raise DataDirectoryInUse(
                f"The data directory {data_dir} is in use by another process ({owner or 'starting'}):"
                " stop it, or set FACE_DATA_DIR to another directory."
            ) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(lock)


def describe_refusal(error: OSError) -> str:
    """Why a file can't be used, which one, and whose it is."""
    said = error.strerror or str(error)
    if error.filename is None:
        return said
    return f"{said}: {os.fsdecode(error.filename)}{_whose(Path(os.fsdecode(error.filename)))}"


def _whose(path: Path) -> str:
    """Where a file, or the folder nearest above it, is another account's."""
    for each in (path, *path.parents):
        with suppress(OSError):
            owner = each.stat().st_uid
            return "" if owner == os.geteuid() else f" ({each} belongs to {account_name(owner)})"
    return ""
