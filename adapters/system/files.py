"""Files and folders."""

import errno
import os
from functools import partial
from pathlib import Path
from uuid import uuid4


def replaceable(path: Path) -> Path:
    """The file that a path leads to, which may be written anew, or made.

    Writing a file by renaming another one would put it in the place of whatever is there: for root, of a link such as
    /dev/stdout and of a device.

    Raises:
        OSError: something else than a file is there.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(errno.EEXIST, "it is a folder, a device or a pipe", str(path))
    return target


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file that other processes see either whole or not at all, even after a crash of the machine.

    Its folder is created if it doesn't exist. The process's umask takes permissions from `mode`.

    Raises:
        OSError: the folder can't be written, or something else than a file has the name.
    """
    path = replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        with open(part, "xb", opener=partial(os.open, mode=mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def make_private_folder(folder: Path) -> None:
    """Make a folder, and those above it, for this account only; those that exist keep their permissions.

    Raises:
        OSError: it can't be made.
    """
    for each in (*reversed(folder.parents), folder):
        each.mkdir(mode=0o700, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Have what was renamed in a folder survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
