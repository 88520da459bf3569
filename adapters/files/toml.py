"""TOML files that are read again only when they have changed, and written whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import msgspec
import tomli_w

from adapters.system.files import write_atomically
from domain.errors import BrokenModel

T = TypeVar("T")

Version: TypeAlias = tuple[int, int, int] | None
"""Time of change, inode and size of a file; None if there is no file."""


class TomlFiles(Generic[T]):
    """Files with one value each, by path."""

    def __init__(self, kind: type[T], damaged: Callable[[Path, Exception], BrokenModel]) -> None:
        """Take what files have, and the error for one that can't be read or has something else."""
        self._kind = kind
        self._damaged = damaged
        self._read: dict[Path, tuple[Version, T | None]] = {}

    def load(self, path: Path) -> T | None:
        """The value in a file; None if there is no file.

        Raises:
            BrokenModel: it can't be read, or has another value.
        """
        try:
            version = _version(path)
            known = self._read.get(path)
            if known is None or known[0] != version:
                value = None if version is None else msgspec.toml.decode(path.read_bytes(), type=self._kind)
                known = self._read[path] = version, value
            return known[1]
        except FileNotFoundError:  # it was removed just now
            return None
        except (OSError, msgspec.DecodeError, ValueError) as error:
            raise self._damaged(path, error) from error


def _version(path: Path) -> Version:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def write_toml(header: str, value: object, path: Path) -> None:
    """Write a dataclass after a line of comment; the file appears whole or not at all.

    Attributes that are None are left out, for TOML has no null.

    Raises:
        OSError: it can't be written.
    """
    values = {key: each for key, each in msgspec.to_builtins(value).items() if each is not None}
    write_atomically(path, (header + tomli_w.dumps(values)).encode())
