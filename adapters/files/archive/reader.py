"""Reading archives."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from adapters.files.archive.format import (
    FORMAT,
    MANIFEST,
    VERSION,
    FaceEntry,
    Header,
    Manifest,
    PageEntry,
    PersonEntry,
)
from application.bulk.errors import ArchiveError
from application.ports.archive import ArchivedFace
from application.ports.archive_files import Page, Section
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.metadata import person_metadata
from domain.people import Face, Profile, collection_name, person_name

MAX_PAGE = 256 * 1024 * 1024
"""Bytes; what is longer was not written here, and might not fit into memory."""

T = TypeVar("T")


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


def _page(entry: PageEntry) -> Page:
    return Page(entry.file, entry.entries)
