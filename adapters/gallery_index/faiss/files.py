"""Indexes on disk: NumPy's and faiss's file formats, and a manifest that says what belongs together.

Nothing here needs to survive a crash, as everything can be read from the database again. What is damaged is detected
by its checksum and not used.
"""

import logging
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.quantized import QuantizedVectors
from adapters.gallery_index.faiss.sealed_segment import SealedSegment, scanner_class
from application.ports.change_feed import FaceRows, GalleryKey, SnapshotToken

if TYPE_CHECKING:
    from adapters.gallery_index.faiss.pq_scanner import PqScanner

_FORMAT = 2
_MANIFEST = "manifest.json"
_SCANNER = "scanner.faiss"
_QUANTIZED = ("keys", "people", "codes", "scales")
_GROWING = ("keys", "people", "vectors")
"""The files, in the order of the columns that they have."""

_CHUNK = 1 << 22

logger = logging.getLogger("face.index")


@dataclass(frozen=True, slots=True, eq=False)
class SavedIndex:
    """The content of an index."""

    snapshot: SnapshotToken
    sealed: tuple[SealedSegment, ...]
    growing: FaceRows


class _SavedSegment(msgspec.Struct, frozen=True):
    name: str
    removed: list[int] = msgspec.field(name="dead")


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    gallery: GalleryKey
    snapshot: SnapshotToken = msgspec.field(name="moment")
    sealed: list[_SavedSegment] = msgspec.field(name="parts")
    growing: str = msgspec.field(name="tail")
    checksums: dict[str, int]
    """CRC-32 of every file."""


class _Unusable(Exception):
    """What was saved is of something else, or damaged."""


class IndexFolder:
    """The folder of one index. Every array has a file, which is mapped into memory; segments have folders."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._checksums: dict[str, int] = {}

    def save(self, gallery: GalleryKey, saved: SavedIndex) -> None:
        """Replace what was there, but keep sealed segments that were saved before.

        Raises:
            OSError: it can't be saved; then nothing is left, lest removed faces stay on disk.
        """
        try:
            self._path.mkdir(mode=0o700, exist_ok=True)
            growing = uuid4().hex
            faces = saved.growing
            columns = faces.face_ids, faces.person_ids, faces.vectors
            checksums = self._write(growing, _GROWING, columns)
            for segment in saved.sealed:
                checksums |= self._write_segment(segment)
            sealed = [
                _SavedSegment(segment.name, np.flatnonzero(~segment.alive).tolist())
                for segment in saved.sealed
            ]
            self._publish(_Manifest(_FORMAT, gallery, saved.snapshot, sealed, growing, checksums))
            self._checksums = checksums
            self._sweep({growing, *(segment.name for segment in saved.sealed)})
        except OSError:
            self.remove()
            raise

    def load(self, gallery: GalleryKey) -> SavedIndex | None:
        """What was saved of this gallery; None if nothing, or nothing usable."""
        try:
            return self._read(gallery) if (self._path / _MANIFEST).exists() else None
        except (_Unusable, OSError, ValueError, RuntimeError, msgspec.MsgspecError) as error:
            logger.warning("the saved index of %s is not used: %s", gallery, str(error))
            return None

    def remove(self) -> None:
        """Delete everything."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _write_segment(self, segment: SealedSegment) -> dict[str, int]:
        """Only if it wasn't written before."""
        written = {name: crc for name, crc in self._checksums.items() if name.startswith(f"{segment.name}/")}
        if written and all((self._path / name).exists() for name in written):
            return written
        return self._write(segment.name, _QUANTIZED, segment.faces, segment.scanner)

    def _write(
        self,
        name: str,
        files: tuple[str, ...],
        columns: tuple[NDArray[Any], ...],
        scanner: "PqScanner | None" = None,
    ) -> dict[str, int]:
        folder = self._path / name
        folder.mkdir(mode=0o700, exist_ok=True)
        for file, column in zip(files, columns, strict=True):
            np.save(folder / file, column)
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

    def _read(self, gallery: GalleryKey) -> SavedIndex:
        checksum, _, body = (self._path / _MANIFEST).read_bytes().partition(b"\n")
        if checksum != b"%08x" % zlib.crc32(body):
            raise _Unusable("its manifest is damaged")
        manifest = msgspec.json.decode(body, type=_Manifest)
        if manifest.format != _FORMAT:
            raise _Unusable("it is of another version")
        if manifest.gallery != gallery:
            raise _Unusable("it is of another gallery")
        for name, crc in manifest.checksums.items():
            if _crc(self._path / name) != crc:
                raise _Unusable("a file is damaged")
        self._checksums = manifest.checksums
        sealed = tuple(self._read_segment(segment) for segment in manifest.sealed)
        growing = FaceRows(*(_mapped(self._path / manifest.growing, name) for name in _GROWING))
        return SavedIndex(manifest.snapshot, sealed, growing)

    def _read_segment(self, saved: _SavedSegment) -> SealedSegment:
        folder = self._path / saved.name
        faces = QuantizedVectors(*(_mapped(folder, name) for name in _QUANTIZED))
        scanner = scanner_class().read(folder / _SCANNER) if (folder / _SCANNER).exists() else None
        segment = SealedSegment.of(saved.name, faces, scanner)
        segment.alive[saved.removed] = False
        return segment.with_alive(segment.alive)


def _mapped(folder: Path, name: str) -> NDArray[Any]:
    # A plain array, as indexing a memmap takes longer.
    array: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray)
    return array


def _crc(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc
