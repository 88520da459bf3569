"""ArchiveReader for zip files."""

import hashlib
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import msgspec
import numpy as np
from typing_extensions import override

from adapters.files.archive.format import (
    FILES,
    FORMAT,
    KIND_OF_EMBEDDINGS,
    MANIFEST,
    SEALED,
    WITH_UUIDS,
    FaceEntry,
    Header,
    IntegerId,
    KeyEntry,
    Manifest,
    PageEntry,
    PersonEntry,
)
from application.bulk.errors import ArchiveError
from application.ports.api_keys import StoredKey
from application.ports.archive import ArchiveId, ArchiveIds, FaceToRestore, PersonToRestore
from application.ports.archive_files import ArchivePage, ArchiveReader, Section
from application.ports.operator_files import OperatorFile
from application.ports.sealing import Kind, SealBroken, Sealing, face_context
from domain.api_keys import ApiKey, KeyId, Scope, grant, key_name
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.limits import Limits
from domain.metadata import person_metadata
from domain.models import stored_name
from domain.people import collection_name, person_name
from domain.retention import Retention

MAX_MANIFEST = 32 * 1024 * 1024
"""Bytes: enough for 200,000 pages."""

MAX_PAGE = 256 * 1024 * 1024
"""Bytes: more than the writer ever makes, and less than fills the memory."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Those that ZipArchiveWriter uses; zipfile unpacks others without a limit on the output."""

_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    RuntimeError,  # encrypted, or of an unknown version
    ValueError,
    LookupError,
    OSError,
)
"""The errors of reading a zip file."""

T = TypeVar("T")
Numbered = TypeVar("Numbered", PersonEntry[int], FaceEntry[int])


class ZipArchiveReader(ArchiveReader):
    """Checks what it reads; opened with `reading`."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, sealing: Sealing | None = None) -> None:
        """`sealing`: opens embeddings and crops of an archive in which they are encrypted."""
        self._path, self._zip = path, archive
        manifest, self.ids, self.retention = self._manifest()
        self._version = manifest.version
        self._sealing = self._sealing_of(manifest, sealing)
        pages = [page for each in manifest.collections for page in (*each.people, *each.faces)]
        pages += [*(manifest.keys or []), *manifest.files]
        self._pages = {page.file: page for page in pages}
        if len(self._pages) < len(pages):
            raise self._error(
                "has a manifest that lists a page more than once: it was not written by face-api"
            )
        if absent := self._pages.keys() - set(archive.namelist()):
            raise self._error(f"is not whole: it lacks {min(absent)}")
        self.dimensions = {self._model(model): length for model, length in manifest.models.items()}
        self.sections = [
            Section(each.name, tuple(map(_page, each.people)), tuple(map(_page, each.faces)))
            for each in manifest.collections
        ]
        self.key_pages = None if manifest.keys is None else list(map(_page, manifest.keys))
        self.files = list(map(_page, manifest.files))

    @override
    def check(self, page: ArchivePage) -> None:
        entry = self._pages[page.file]
        data = self._bytes(page.file)
        if len(data) != entry.bytes or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise self._error(f"is damaged: {page.file} is not what was written (its checksum is another)")

    @override
    def people(self, page: ArchivePage) -> list[PersonToRestore]:
        with self._sound(page):
            people: Sequence[PersonEntry[ArchiveId]]
            if self.ids is None:
                former = self._entries(page, list[PersonEntry[UUID]])
                people = former
            else:
                present = self._entries(page, list[PersonEntry[IntegerId]])
                people = _bounded(present, self.ids.greatest_profile_id)
            return [
                PersonToRestore(
                    each.id, person_name(each.name), person_metadata(each.metadata), each.created_at
                )
                for each in people
            ]

    @override
    def faces(self, page: ArchivePage) -> list[FaceToRestore]:
        with self._sound(page):
            faces: Sequence[FaceEntry[ArchiveId]]
            if self.ids is None:
                former = self._entries(page, list[FaceEntry[UUID]])
                faces = former
            else:
                present = self._entries(page, list[FaceEntry[IntegerId]])
                faces = _bounded(present, self.ids.greatest_face_id)
            return [self._face(each) for each in faces]

    @override
    def keys(self, page: ArchivePage) -> list[StoredKey]:
        with self._sound(page):
            return list(map(_key, self._entries(page, list[KeyEntry])))

    @override
    def file(self, page: ArchivePage) -> OperatorFile:
        return OperatorFile(page.file.removeprefix(FILES), self._bytes(page.file))

    def _face(self, entry: FaceEntry[ArchiveId]) -> FaceToRestore:
        model = self._model(entry.recognition_model)
        dimensions = self.dimensions.get(model)
        embedding, crop = entry.embedding, entry.crop
        if self._sealing is not None:
            context = face_context(entry.id, entry.recognition_model)
            embedding = self._sealing.open(Kind.ARCHIVED_EMBEDDING, context, embedding)
            crop = None if crop is None else self._sealing.open(Kind.ARCHIVED_CROP, context, crop)
        if dimensions is None or len(embedding) != dimensions * 4:
            raise ValueError(
                f"an embedding of {entry.recognition_model} has {len(embedding)} bytes instead of"
                f" {dimensions or 0} numbers of 4"
            )
        vector = np.frombuffer(embedding, "<f4").astype(np.float32)
        return FaceToRestore(
            entry.id,
            entry.profile_id,
            entry.detection_model,
            Embedding(vector, model, entry.norm),
            entry.digest,
            crop,
            entry.created_at,
        )

    def _sealing_of(self, manifest: Manifest, sealing: Sealing | None) -> Sealing | None:
        if manifest.version != SEALED:
            return None
        if sealing is None or manifest.sealed_with not in {key.hex() for key in sealing.key_ids}:
            raise self._error(
                f"is encrypted with the key {manifest.sealed_with[:40]}, which FACE_ENCRYPTION_KEY_FILE or"
                " FACE_ENCRYPTION_KEY has to have"
            )
        return sealing

    def _model(self, name: str) -> str:
        return stored_name(name, KIND_OF_EMBEDDINGS[self._version])

    def _entries(self, page: ArchivePage, kind: type[list[T]]) -> list[T]:
        entries = msgspec.msgpack.decode(self._bytes(page.file), type=kind)
        if len(entries) != page.entries:
            raise ValueError(f"it has {len(entries)} entries instead of {page.entries}")
        return entries

    def _manifest(self) -> tuple[Manifest, ArchiveIds | None, dict[str, Retention]]:
        data = self._bytes(MANIFEST)
        try:
            header = msgspec.json.decode(data, type=Header)
            if header.format != FORMAT:
                raise self._error("is no archive of face-api")
            if header.version not in KIND_OF_EMBEDDINGS:
                raise self._error(
                    f"is an archive of version {header.version}, and this program reads versions"
                    f" {', '.join(map(str, KIND_OF_EMBEDDINGS))}"
                )
            manifest = msgspec.json.decode(data, type=Manifest)
            for each in manifest.collections:
                collection_name(each.name)
            rules = {name: Retention(rule.days, rule.since) for name, rule in manifest.retention.items()}
            return manifest, _ids(manifest, data), rules
        except RecursionError:
            raise self._error("has a manifest that is nested too deep") from None
        except (msgspec.DecodeError, UnicodeDecodeError, FaceServiceError) as error:
            raise self._error(f"has a manifest that can't be read: {error}") from error

    def _bytes(self, name: str) -> bytes:
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            what = "is no archive of face-api: it has no" if name == MANIFEST else "is not whole: it lacks"
            raise self._error(f"{what} {name}") from None
        if info.compress_type not in _METHODS:
            raise self._error(f"is packed in a way that face-api does not use: {name} can't be read")
        if info.file_size > (MAX_MANIFEST if name == MANIFEST else MAX_PAGE):
            raise self._error(f"has a page of {info.file_size / 1e6:.0f} MB: it was not written by face-api")
        try:
            return self._zip.read(info)
        except _DAMAGED as error:
            raise self._error(f"is damaged: {name} can't be read") from error

    @contextmanager
    def _sound(self, page: ArchivePage) -> Iterator[None]:
        try:
            yield
        except RecursionError:
            raise self._error(f"is damaged: {page.file} is nested too deep") from None
        except SealBroken:
            raise self._error(f"is damaged: in {page.file}, what is encrypted was changed") from None
        except (msgspec.DecodeError, FaceServiceError, ValueError) as error:
            raise self._error(f"is damaged: in {page.file}, {error}") from error

    def _error(self, text: str) -> ArchiveError:
        return _error(f"{self._path} {text}")


@contextmanager
def reading(path: Path, sealing: Sealing | None = None) -> Iterator[ZipArchiveReader]:
    """Open an archive; `sealing` opens what is encrypted in it.

    Raises:
        ArchiveError: it is not an archive, is incomplete, or is of another version.
    """
    try:
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise _error(f"can't read {path}: {error.strerror or 'it is damaged'}") from error
    except _DAMAGED as error:
        raise _error(f"{path} is no archive, or not a whole one: it may have been cut off") from error
    with archive:
        yield ZipArchiveReader(path, archive, sealing)


def _error(text: str) -> ArchiveError:
    """One printable line, whatever names the file has."""
    return ArchiveError("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text))


def _ids(manifest: Manifest, data: bytes) -> ArchiveIds | None:
    if manifest.version == WITH_UUIDS:
        return None
    if manifest.greatest_ids is None:
        raise msgspec.ValidationError("it has no greatest_ids")
    # The manifest has the checksums of all pages, so that its own identifies the archive.
    archive = hashlib.sha256(data).hexdigest()
    return ArchiveIds(archive, manifest.greatest_ids.profile, manifest.greatest_ids.face)


def _bounded(entries: list[Numbered], greatest: int) -> list[Numbered]:
    if any(entry.id > greatest for entry in entries):
        raise ValueError(f"an id is greater than the manifest's greatest, {greatest}")
    return entries


def _key(entry: KeyEntry) -> StoredKey:
    if len(entry.digest) != hashlib.sha256().digest_size:
        raise ValueError(f"the digest of key {entry.id} has {len(entry.digest)} bytes")
    permissions = grant(map(Scope, entry.scopes), entry.collections)
    times = (entry.created_at, entry.expires_at, entry.revoked_at, entry.last_used_at)
    limits = Limits(entry.requests_per_minute, entry.concurrent_photos)
    key = ApiKey(KeyId(entry.id), key_name(entry.name), permissions, *times, limits=limits)
    return StoredKey(key, entry.digest)


def _page(entry: PageEntry) -> ArchivePage:
    return ArchivePage(entry.file, entry.entries)
