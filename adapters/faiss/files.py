"""Indexes on the disk: NumPy's and faiss's own formats, and a manifest that says what belongs together.

Nothing here needs to survive a crash, as all can be had from the database again: what is damaged is found out
by its checksum and left alone.
"""

import logging
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.faiss.coded import Coded
from adapters.faiss.scanner import Scanner
from adapters.faiss.segment import Part, Segment
from application.ports.index import GalleryKey, IndexRows, Moment

_FORMAT = 2
_MANIFEST = "manifest.json"
_SCANNER = "scanner.faiss"
_CODED = ("keys", "people", "codes", "scales")
_TAIL = ("keys", "people", "vectors")
_CHUNK = 1 << 22

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """All that an index is made of."""

    moment: Moment
    parts: tuple[Part, ...]
    tail: IndexRows


class _SavedPart(msgspec.Struct, frozen=True):
    name: str
    dead: list[int]


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    gallery: GalleryKey
    moment: Moment
    parts: list[_SavedPart]
    tail: str
    checksums: dict[str, int]
    """CRC-32 of every file."""


class _Unusable(Exception):
    """What was saved is of something else, or damaged."""


class IndexFolder:
    """One index's folder. Every array has a file, which is mapped into memory; segments have folders."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, gallery: GalleryKey, saved: Saved) -> None:
        """Replace what was there; segments that were saved before aren't written again.

        Raises:
            OSError: it can't be; then nothing is kept, lest faces stay that are gone.
        """
        try:
            self._path.mkdir(mode=0o700, exist_ok=True)
            tail = uuid4().hex
            checksums = self._write(tail, _TAIL, saved.tail)
            known = self._known_checksums()
            for part in saved.parts:
                checksums |= self._segment_checksums(part.segment, known)
            self._publish(
                _Manifest(
                    _FORMAT,
                    gallery,
                    saved.moment,
                    [
                        _SavedPart(part.segment.name, np.flatnonzero(~part.alive).tolist())
                        for part in saved.parts
                    ],
                    tail,
                    checksums,
                )
            )
            self._sweep({tail, *(part.segment.name for part in saved.parts)})
        except OSError:
            self.remove()
            raise

    def load(self, gallery: GalleryKey) -> Saved | None:
        """What was saved of this gallery; None if that was nothing, or nothing that can be used."""
        try:
            return self._read(gallery) if (self._path / _MANIFEST).exists() else None
        except (_Unusable, OSError, ValueError, RuntimeError, msgspec.MsgspecError) as error:
            logger.warning("the saved index of %s is not used: %s", gallery, str(error))
            return None

    def remove(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _segment_checksums(self, segment: Segment, known: dict[str, int]) -> dict[str, int]:
        written = {name: crc for name, crc in known.items() if name.startswith(f"{segment.name}/")}
        if written and all((self._path / name).exists() for name in written):
            return written
        return self._write(segment.name, _CODED, segment.faces, segment.scanner)

    def _write(
        self, name: str, columns: tuple[str, ...], faces: Coded | IndexRows, scanner: Scanner | None = None
    ) -> dict[str, int]:
        folder = self._path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        for column in columns:
            np.save(folder / column, getattr(faces, column))
        if scanner is not None:
            scanner.write(folder / _SCANNER)
        return {f"{name}/{file.name}": _crc(file) for file in sorted(folder.iterdir())}

    def _publish(self, manifest: _Manifest) -> None:
        body = msgspec.json.encode(manifest)
        draft = self._path / f"{_MANIFEST}.{uuid4().hex}"
        draft.write_bytes(b"%08x\n" % zlib.crc32(body) + body)
        draft.replace(self._path / _MANIFEST)

    def _sweep(self, needed: set[str]) -> None:
        for entry in self._path.iterdir():
            if entry.is_dir() and entry.name not in needed:
                shutil.rmtree(entry)
            elif entry.name.startswith(f"{_MANIFEST}."):
                entry.unlink()

    def _manifest(self) -> _Manifest:
        crc, _, body = (self._path / _MANIFEST).read_bytes().partition(b"\n")
        if crc != b"%08x" % zlib.crc32(body):
            raise _Unusable("its manifest is damaged")
        return msgspec.json.decode(body, type=_Manifest)

    def _known_checksums(self) -> dict[str, int]:
        try:
            return self._manifest().checksums
        except (_Unusable, OSError, msgspec.MsgspecError):
            return {}

    def _read(self, gallery: GalleryKey) -> Saved:
        manifest = self._manifest()
        if manifest.format != _FORMAT:
            raise _Unusable("it is of another version")
        if manifest.gallery != gallery:
            raise _Unusable("it is of another gallery")
        for name, crc in manifest.checksums.items():
            if _crc(self._path / name) != crc:
                raise _Unusable("a file is damaged")
        parts = tuple(self._read_part(part) for part in manifest.parts)
        tail = IndexRows(*(_mapped(self._path / manifest.tail, name) for name in _TAIL))
        return Saved(manifest.moment, parts, tail)

    def _read_part(self, saved: _SavedPart) -> Part:
        folder = self._path / saved.name
        faces = Coded(*(_mapped(folder, name) for name in _CODED))
        scanner = Scanner.read(folder / _SCANNER) if (folder / _SCANNER).exists() else None
        part = Part.whole(Segment.of(saved.name, faces, scanner))
        part.alive[saved.dead] = False
        return Part(part.segment, part.alive, len(saved.dead))


def _mapped(folder: Path, name: str) -> NDArray[Any]:
    # As a plain array: a memmap takes longer to index.
    array: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray)
    return array


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
