"""Adding models to this instance: files that are known by their hash, and new ones of a known family."""

import hashlib
import os
import shutil
from pathlib import Path

import msgspec
import tomli_w

from adapters.onnx.catalogue.entries import Catalogue, ModelEntry
from adapters.onnx.catalogue.files import ModelFiles


def known_as(catalogue: Catalogue, path: Path) -> str | None:
    """The name under which the catalogue has the content of this file."""
    digest = sha256_of(path)
    return next(
        (name for name, entry in catalogue.entries.items() if digest in {entry.sha256, *entry.also}), None
    )


def sha256_of(path: Path) -> str:
    """In hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put(files: ModelFiles, entry: ModelEntry, source: Path) -> Path:
    """Copy a file to its place; it is there whole or not at all."""
    target = files.folder / entry.file
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target


def remember(path: Path, name: str, entry: ModelEntry) -> None:
    """Write an entry into the operator's own catalogue, in place of one of the same name."""
    entries = {**Catalogue.load(path).entries, name: entry}
    tables = {key: _table(value) for key, value in entries.items()}
    part = path.with_name(path.name + ".part")
    part.write_text(tomli_w.dumps(tables), encoding="utf-8")
    part.replace(path)


def _table(entry: ModelEntry) -> dict[str, object]:
    return {key: value for key, value in msgspec.to_builtins(entry).items() if value is not None}
