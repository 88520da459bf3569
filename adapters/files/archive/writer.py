"""ArchiveWriter for zip files."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
from typing_extensions import override

from adapters.files.archive.format import (
    FORMAT,
    MANIFEST,
    VERSION,
    CollectionEntry,
    FaceEntry,
    GreatestIds,
    Manifest,
    PageEntry,
    PersonEntry,
)
from application.bulk.errors import ArchiveError
from application.ports.archive import ArchivedFace
from application.ports.archive_files import ArchiveWriter
from domain.people import Profile

T = TypeVar("T")


class ZipArchiveWriter(ArchiveWriter):
    """Writes a temporary file, which `finish` renames; opened with `writing`."""

    def __init__(self, target: Path, part: Path, written_by: str) -> None:
        self._target, self._part = target, part
        self._written_by = written_by
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)  # an interrupted export may have left it
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w")
        self._collections: list[CollectionEntry] = []
        self._models: dict[str, int] = {}
        self._greatest = GreatestIds(0, 0)

    @override
    def section(self, collection: str) -> None:
        self._collections.append(CollectionEntry(collection, [], []))

    @override
    def people(self, people: Sequence[Profile]) -> None:
        entries = [PersonEntry(person.id, person.name, dict(person.metadata)) for person in people]
        greatest = max([self._greatest.profile, *(person.id for person in people)])
        self._greatest = msgspec.structs.replace(self._greatest, profile=greatest)
        self._page("people", self._collections[-1].people, entries, zipfile.ZIP_DEFLATED)

    @override
    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        for each in faces:
            self._models[each.embedding.model] = len(each.embedding.vector)
        greatest = max([self._greatest.face, *(each.face.id for each in faces)])
        self._greatest = msgspec.structs.replace(self._greatest, face=greatest)
        # Embeddings and crops can't be compressed further.
        self._page("faces", self._collections[-1].faces, list(map(_entry, faces)), zipfile.ZIP_STORED)

    @override
    def finish(self) -> None:
        manifest = Manifest(
            FORMAT,
            VERSION,
            self._written_by,
            datetime.now(UTC).isoformat(timespec="seconds"),
            self._models,
            self._collections,
            self._greatest,
        )
        with _writing(self._target):
            self._add(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)), zipfile.ZIP_DEFLATED)
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._target)
            folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def abandon(self) -> None:
        """Remove an archive that is not finished."""
        if not self._file.closed:
            with suppress(OSError, ValueError):
                self._zip.close()
            with suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _page(self, kind: str, pages: list[PageEntry], entries: list[T], compression: int) -> None:
        if not entries:
            return
        data = msgspec.msgpack.encode(entries)
        name = f"{self._collections[-1].name}/{kind}-{len(pages) + 1:06}.msgpack"
        with _writing(self._target):
            self._add(name, data, compression)
        pages.append(PageEntry(name, len(entries), len(data), hashlib.sha256(data).hexdigest()))

    def _add(self, name: str, data: bytes, compression: int) -> None:
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, data, compression)


@contextmanager
def writing(target: Path, written_by: str) -> Iterator[ZipArchiveWriter]:
    """A new archive, readable by this account only; it appears once it is finished.

    Raises:
        ArchiveError: the file can't be written.
    """
    with _writing(target):
        writer = ZipArchiveWriter(target, target.with_name(target.name + ".part"), written_by)
    try:
        yield writer
    finally:
        writer.abandon()


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"can't write {target}: {error.strerror}") from error


def _entry(archived: ArchivedFace) -> FaceEntry[int]:
    face = archived.face
    return FaceEntry(
        face.id,
        face.profile_id,
        face.recognition_model,
        face.detection_model,
        archived.embedding.vector.astype("<f4").tobytes(),
        archived.digest,
        archived.crop,
        archived.embedding.norm,
    )
