"""Archives of people and faces: zip files with pages in MessagePack (docs/archive.md)."""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import numpy as np

from application.bulk.errors import ArchiveError
from application.ports.archive import ArchivedFace
from application.ports.archive_files import Page, Section
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.metadata import person_metadata
from domain.people import Face, Profile, collection_name, person_name

FORMAT, VERSION = "face-api archive", 1
MANIFEST = "manifest.json"
MAX_PAGE = 256 * 1024 * 1024
"""Bytes; what is longer was not written here, and might not fit into memory."""

T = TypeVar("T")


class PageEntry(msgspec.Struct, frozen=True):
    """A page, as the manifest tells of it."""

    file: str
    entries: int
    bytes: int
    sha256: str


class CollectionEntry(msgspec.Struct, frozen=True):
    """A collection, as the manifest tells of it."""

    name: str
    people: list[PageEntry]
    faces: list[PageEntry]


class Header(msgspec.Struct, frozen=True):
    """What every version's manifest begins with."""

    format: str
    version: int


class Manifest(msgspec.Struct, frozen=True):
    """What is in an archive; the last file that is written to it."""

    format: str
    version: int
    written_by: str
    written_at: str
    models: dict[str, int]
    collections: list[CollectionEntry]


class PersonEntry(msgspec.Struct, frozen=True):
    """A person."""

    id: UUID
    name: str
    metadata: dict[str, Any]


class FaceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A face."""

    id: UUID
    profile_id: UUID
    recognition_model: str
    detection_model: str
    embedding: bytes
    """Little-endian float32."""
    digest: bytes | None = None
    crop: bytes | None = None


class ZipArchiveWriter:
    """Implements ArchiveWriter; see `writing`."""

    def __init__(self, target: Path, part: Path, written_by: str) -> None:
        self._target, self._part = target, part
        self._written_by = written_by
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)  # it may have been there
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w")
        self._collections: list[CollectionEntry] = []
        self._models: dict[str, int] = {}

    def section(self, collection: str) -> None:
        """See ArchiveWriter.section."""
        self._collections.append(CollectionEntry(collection, [], []))

    def people(self, people: Sequence[Profile]) -> None:
        """See ArchiveWriter.people."""
        entries = [PersonEntry(person.id, person.name, dict(person.metadata)) for person in people]
        self._page("people", self._collections[-1].people, entries, zipfile.ZIP_DEFLATED)

    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        """See ArchiveWriter.faces."""
        for each in faces:
            self._models[each.embedding.model] = len(each.embedding.vector)
        # Neither embeddings nor crops get shorter.
        self._page("faces", self._collections[-1].faces, list(map(_entry, faces)), zipfile.ZIP_STORED)

    def finish(self) -> None:
        """See ArchiveWriter.finish."""
        manifest = Manifest(
            FORMAT,
            VERSION,
            self._written_by,
            datetime.now(UTC).isoformat(timespec="seconds"),
            self._models,
            self._collections,
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
        """Remove what was not finished; nothing happens to what was."""
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
    """A new archive, readable to this account alone; it appears when it is finished, or not at all.

    Raises:
        ArchiveError: the file can't be written.
    """
    with _writing(target):
        writer = ZipArchiveWriter(target, target.with_name(target.name + ".part"), written_by)
    try:
        yield writer
    finally:
        writer.abandon()


class ZipArchiveReader:
    """Implements ArchiveReader; see `reading`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._zip = path, archive
        manifest = self._manifest()
        self._homes = {
            page.file: (page, each.name)
            for each in manifest.collections
            for page in (*each.people, *each.faces)
        }
        self.dimensions = manifest.models
        self.sections = [
            Section(each.name, tuple(map(_page, each.people)), tuple(map(_page, each.faces)))
            for each in manifest.collections
        ]

    def check(self, page: Page) -> None:
        """See ArchiveReader.check."""
        entry, _ = self._homes[page.file]
        data = self._bytes(page.file)
        if len(data) != entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._error(f"is damaged: {page.file} is not what was written (its checksum is another)")

    def people(self, page: Page) -> list[Profile]:
        """See ArchiveReader.people."""
        _, home = self._homes[page.file]
        with self._sound(page):
            return [
                Profile(each.id, home, person_name(each.name), person_metadata(each.metadata), 0)
                for each in self._entries(page, list[PersonEntry])
            ]

    def faces(self, page: Page) -> list[ArchivedFace]:
        """See ArchiveReader.faces."""
        _, home = self._homes[page.file]
        with self._sound(page):
            return [self._face(each, home) for each in self._entries(page, list[FaceEntry])]

    def _face(self, entry: FaceEntry, home: str) -> ArchivedFace:
        dimensions = self.dimensions.get(entry.recognition_model)
        if dimensions is None or len(entry.embedding) != dimensions * 4:
            raise ValueError(
                f"an embedding of {entry.recognition_model} has {len(entry.embedding)} bytes instead of"
                f" {dimensions or 0} numbers of 4"
            )
        vector = np.frombuffer(entry.embedding, "<f4").astype(np.float32)
        models = entry.recognition_model, entry.detection_model
        # The name is the person's, which restoring looks up.
        face = Face(entry.id, entry.profile_id, "", *models, home)
        return ArchivedFace(face, Embedding(vector, entry.recognition_model), entry.digest, entry.crop)

    def _entries(self, page: Page, kind: type[list[T]]) -> list[T]:
        entries = msgspec.msgpack.decode(self._bytes(page.file), type=kind)
        if len(entries) != page.entries:
            raise ValueError(f"it has {len(entries)} entries instead of {page.entries}")
        return entries

    def _manifest(self) -> Manifest:
        data = self._bytes(MANIFEST)
        try:
            header = msgspec.json.decode(data, type=Header)
            if header.format != FORMAT:
                raise self._error("is no archive of face-api")
            if header.version != VERSION:
                raise self._error(
                    f"is an archive of version {header.version}, and this program reads version {VERSION}"
                )
            manifest = msgspec.json.decode(data, type=Manifest)
            for each in manifest.collections:
                collection_name(each.name)
        except (msgspec.DecodeError, FaceServiceError) as error:
            raise self._error(f"has a manifest that can't be read: {error}") from error
        return manifest

    def _bytes(self, name: str) -> bytes:
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            what = "is no archive of face-api: it has no" if name == MANIFEST else "is not whole: it lacks"
            raise self._error(f"{what} {name}") from None
        if info.file_size > MAX_PAGE:
            raise self._error(f"has a page of {info.file_size / 1e6:.0f} MB: it was not written by face-api")
        try:
            return self._zip.read(info)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            OSError,
        ) as error:
            raise self._error(f"is damaged: {name} can't be read") from error

    @contextmanager
    def _sound(self, page: Page) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, FaceServiceError, ValueError) as error:
            raise self._error(f"is damaged: in {page.file}, {error}") from error

    def _error(self, text: str) -> ArchiveError:
        return ArchiveError(f"{self._path} {text}")


@contextmanager
def reading(path: Path) -> Iterator[ZipArchiveReader]:
    """An archive that is there.

    Raises:
        ArchiveError: it is none, is not whole, or is of another version.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise ArchiveError(f"can't read {path}: {error.strerror}") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ArchiveError(f"{path} is no archive, or not a whole one: it may have been cut off") from error
    with archive:
        yield ZipArchiveReader(path, archive)


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(f"can't write {target}: {error.strerror}") from error


def _entry(archived: ArchivedFace) -> FaceEntry:
    face = archived.face
    return FaceEntry(
        face.id,
        face.profile_id,
        face.recognition_model,
        face.detection_model,
        archived.embedding.vector.astype("<f4").tobytes(),
        archived.digest,
        archived.crop,
    )


def _page(entry: PageEntry) -> Page:
    return Page(entry.file, entry.entries)
