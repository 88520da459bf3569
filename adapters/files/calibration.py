"""Calibration tables in TOML files, `<model>.toml`."""

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
from typing_extensions import override

from adapters.files.toml import TomlFiles, write_toml
from application.ports.calibration import CalibrationStore
from domain.calibration import CalibrationTable
from domain.errors import BrokenModel
from domain.models import kind_of_embeddings

CHECK_S = 1.0
"""Seconds after which the files are looked at again: each answer asks for a table."""
_MOST_KEPT = 64
"""Models whose tables are remembered."""
write_table = partial(
    write_toml, "# Written by `face-api calibrate`. Rates and thresholds: docs/accuracy.md\n"
)


class FileCalibrations(CalibrationStore):
    """Tables in folders: the operator's own before that of the installation."""

    def __init__(self, *folders: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folders = folders
        self._clock = clock
        self._files = TomlFiles(CalibrationTable, _damaged)
        self._latest: dict[str, tuple[float, CalibrationTable | None]] = {}
        """By model: when its files were looked at, and the table."""

    @override
    def load(self, model: str) -> CalibrationTable | None:
        now = self._clock()
        looked, table = self._latest.get(model, (-math.inf, None))
        if now - looked >= CHECK_S:
            table = self._load(model)
            if len(self._latest) >= _MOST_KEPT:
                self._latest.clear()
            self._latest[model] = now, table
        return table

    def _load(self, model: str) -> CalibrationTable | None:
        paths = (folder / f"{model}.toml" for folder in self._folders)
        table = next((table for path in paths if (table := self._files.load(path))), None)
        if table is not None and table.model != model:
            raise BrokenModel(f"The calibration of model {model} is one of {table.model}.")
        if table is not None and table.embeddings != kind_of_embeddings(model):
            raise BrokenModel(
                f"The calibration of model {model} is of embeddings that it made in an earlier version:"
                " run face-api calibrate again."
            )
        return table


def _damaged(path: Path, error: Exception) -> BrokenModel:
    if isinstance(error, msgspec.ValidationError):
        return BrokenModel(
            f"The calibration of model {path.stem} is none, or of a version before 0.2: run face-api calibrate again."
        )
    return BrokenModel(f"The calibration of model {path.stem} can't be read.")
