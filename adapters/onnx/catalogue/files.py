"""Where model files are, and whether they are what the catalogue says."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from adapters.onnx.catalogue.entries import ModelEntry
from domain.errors import BrokenModel, ModelNotInstalled


class ModelFiles:
    """Files inside installed distributions, and those in the operator's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, entry: ModelEntry) -> Path:
        """Where the file is, if it exists."""
        return _packaged(entry.package, entry.file) if entry.package else self.folder / entry.file

    def installed(self, entry: ModelEntry) -> bool:
        """Whether the file exists; it may be a wrong one."""
        return self.path(entry).is_file()

    def read(self, name: str, entry: ModelEntry) -> bytes:
        """The file's content, checked.

        Raises:
            ModelNotInstalled: there is no file.
            BrokenModel: it can't be read, or has another hash.
        """
        try:
            data = self.path(entry).read_bytes()
        except FileNotFoundError as error:
            raise ModelNotInstalled(name, published=entry.url is not None) from error
        except OSError as error:
            raise BrokenModel(f"The file of model {name} can't be read.") from error
        if entry.size not in {None, len(data)}:
            raise BrokenModel(f"The file of model {name} has {len(data)} bytes instead of {entry.size}.")
        found = hashlib.sha256(data).hexdigest()
        if found not in {entry.sha256, *entry.also}:
            raise BrokenModel(f"The file of model {name} has SHA-256 {found} instead of {entry.sha256}.")
        return data


@cache
def _packaged(package: str, file: str) -> Path:
    """The path of a file of an installed distribution, whose code is never imported.

    Cached, since each request asks for it, and the list of a distribution's files takes milliseconds to read.
    """
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return Path(package) / file
    found = next((path for path in files if path.name == file), None)
    return Path(package) / file if found is None else Path(str(found.locate()))
