"""Calibration tables in TOML files, `<model>.toml`."""

from pathlib import Path
from typing import TypeAlias

import msgspec
import tomli_w

from domain.calibration import CalibrationTable
from domain.errors import BrokenModel

Version: TypeAlias = tuple[int, int, int] | None
"""What tells a file from the one that was there before; None for no file."""

HEADER = "# Written by `face-api calibrate`. Rates and thresholds: docs/accuracy.md\n"


class FileCalibrations:
    """Implements CalibrationStore with folders, the operator's own before that of the installation."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._read: dict[Path, tuple[Version, CalibrationTable | None]] = {}

    def load(self, model: str) -> CalibrationTable | None:
        """See CalibrationStore."""
        paths = (folder / f"{model}.toml" for folder in self._folders)
        table = next((table for path in paths if (table := self._table(path))), None)
        if table is not None and table.model != model:
            raise BrokenModel(f"The calibration of model {model} is one of {table.model}.")
        return table

    def _table(self, path: Path) -> CalibrationTable | None:
        """As `read_table`, which is asked again only when the file is another."""
        version = _version(path)
        known = self._read.get(path)
        if known is None or known[0] != version:
            known = self._read[path] = version, read_table(path)
        return known[1]


def _version(path: Path) -> Version:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino, status.st_size


def read_table(path: Path) -> CalibrationTable | None:
    """The table in a file; None when there is no file.

    Raises:
        BrokenModel: it can't be read, or is no calibration table.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=CalibrationTable)
    except FileNotFoundError:
        return None
    except msgspec.ValidationError as error:
        raise BrokenModel(
            f"The calibration of model {path.stem} is none, or of a version before 0.2: run face-api calibrate again."
        ) from error
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise BrokenModel(f"The calibration of model {path.stem} can't be read.") from error


def _without_absent(values: dict[str, object]) -> dict[str, object]:
    """TOML has no null."""
    return {key: value for key, value in values.items() if value is not None}


def write_table(table: CalibrationTable, path: Path) -> None:
    """Write a table; the file appears whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(HEADER + tomli_w.dumps(_without_absent(msgspec.to_builtins(table))), encoding="utf-8")
    part.replace(path)
