"""OperatorFiles in the data directory and the folder of models."""

import re
import tomllib
from pathlib import Path

from typing_extensions import override

from adapters.system.files import write_atomically
from application.bulk.errors import BulkError
from application.ports.operator_files import OperatorFile, OperatorFiles

MAX_BYTES = 4 * 1024 * 1024
"""Bytes of a file; calibrations are a few kilobytes."""

_CALIBRATION = "calibration/"
_LIVENESS = "liveness.toml"
_CATALOGUE = "models.toml"
_TABLE = re.compile(r"calibration/[A-Za-z0-9][A-Za-z0-9_.@-]{0,99}\.toml")


class DataDirectoryFiles(OperatorFiles):
    """Calibration tables, the liveness calibration, and the catalogue of own models."""

    def __init__(self, calibrations: Path, liveness: Path, catalogue: Path) -> None:
        self._calibrations = calibrations
        self._paths = {_LIVENESS: liveness, _CATALOGUE: catalogue}

    @override
    def read(self) -> list[OperatorFile]:
        tables = {_CALIBRATION + path.name: path for path in self._calibrations.glob("*.toml")}
        found = []
        for name, path in sorted({**tables, **self._paths}.items()):
            try:
                found.append(OperatorFile(name, path.read_bytes()))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise BulkError(f"can't read {path}: {error.strerror}") from error
        for file in found:
            self.check(file)
        return found

    @override
    def check(self, file: OperatorFile) -> None:
        self._path(file.name)
        try:
            if len(file.content) > MAX_BYTES:
                raise BulkError(f"{file.name} is larger than {MAX_BYTES >> 20} MB")
            tomllib.loads(file.content.decode())
        except (ValueError, RecursionError) as error:
            raise BulkError(f"{file.name} is no TOML file") from error

    @override
    def add(self, file: OperatorFile) -> bool:
        self.check(file)
        path = self._path(file.name)
        try:
            if path.exists():
                return path.read_bytes() == file.content
            write_atomically(path, file.content)
        except OSError as error:
            raise BulkError(f"can't write {path}: {error.strerror}") from error
        return True

    def _path(self, name: str) -> Path:
        if _TABLE.fullmatch(name):
            return self._calibrations / name.removeprefix(_CALIBRATION)
        if name in self._paths:
            return self._paths[name]
        raise BulkError(f"{name!r} is no file of an operator")
