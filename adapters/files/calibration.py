"""Calibration tables in TOML files, `<model>.toml`."""

from functools import lru_cache
from pathlib import Path

import msgspec
from typing_extensions import override

from adapters.files.toml import TomlFiles, write_toml
from application.ports.calibration import CalibrationStore
from domain.calibration import CalibrationTable
from domain.errors import BrokenModel
from domain.models import kind_of_embeddings

HEADER = "# Written by `face-api calibrate`. Rates and thresholds: docs/accuracy.md\n"


class FileCalibrations(CalibrationStore):
    """Tables in folders: the operator's own before that of the installation."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self._files = TomlFiles(CalibrationTable, _damaged)
        # Each answer asks for them, and a new path costs more than a look at its file.
        self._paths = lru_cache(64)(self._paths_of)

    @override
    def load(self, model: str) -> CalibrationTable | None:
        paths = self._paths(model)
        table = next((table for path in paths if (table := self._files.load(path))), None)
        if table is not None and table.model != model:
            raise BrokenModel(f"The calibration of model {model} is one of {table.model}.")
        if table is not None and table.embeddings != kind_of_embeddings(model):
            raise BrokenModel(
                f"The calibration of model {model} is of embeddings that it made in an earlier version:"
                " run face-api calibrate again."
            )
        return table

    def _paths_of(self, model: str) -> tuple[Path, ...]:
        return tuple(folder / f"{model}.toml" for folder in self._folders)


def _damaged(path: Path, error: Exception) -> BrokenModel:
    if isinstance(error, msgspec.ValidationError):
        return BrokenModel(
            f"The calibration of model {path.stem} is none, or of a version before 0.2: run face-api calibrate again."
        )
    return BrokenModel(f"The calibration of model {path.stem} can't be read.")


def write_table(table: CalibrationTable, path: Path) -> None:
    """Write a table; the file appears whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    write_toml(HEADER, table, path)
