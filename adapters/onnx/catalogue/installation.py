"""Installing model files, and adding models to the operator's own catalogue."""

import hashlib
from pathlib import Path

import msgspec
import tomli_w

from adapters.onnx.catalogue.entries import Catalogue, ModelEntry
from adapters.onnx.catalogue.files import ModelFiles
from adapters.system.files import write_atomically


def name_of_file(catalogue: Catalogue, path: Path) -> str | None:
    """The catalogue's model that has the content of this file."""
    digest = file_sha256(path)
    return next(
        (name for name, entry in catalogue.entries.items() if digest in {entry.sha256, *entry.also}), None
    )


def file_sha256(path: Path) -> str:
    """In hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def install_file(files: ModelFiles, entry: ModelEntry, source: Path) -> None:
    """Copy a model's file into the operator's folder.

    Raises:
        OSError: it can't be copied.
    """
    write_atomically(files.folder / entry.file, source.read_bytes())


def add_entry(path: Path, name: str, entry: ModelEntry) -> None:
    """Write an entry into a catalogue, in place of one of the same name.

    Raises:
        OSError: it can't be written.
    """
    entries = {**Catalogue.load(path).entries, name: entry}
    tables = {
        key: {field: value for field, value in msgspec.to_builtins(each).items() if value is not None}
        for key, each in entries.items()
    }
    write_atomically(path, tomli_w.dumps(tables).encode())
