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
    FILES,
    FORMAT,
    MANIFEST,
    SEALED,
    VERSION,
    CollectionEntry,
    FaceEntry,
    GreatestIds,
    KeyEntry,
    Manifest,
    PageEntry,
    PersonEntry,
    RetentionEntry,
)
from adapters.system.files import replaceable, sync_folder
from application.bulk.errors import ArchiveError
from application.ports.api_keys import StoredKey
from application.ports.archive import ArchivedFace, ArchivedPerson
from application.ports.archive_files import ArchiveWriter
from application.ports.operator_files import OperatorFile
from application.ports.sealing import Kind, Sealing, face_context
from domain.retention import Retention

T = TypeVar("T")


class ZipArchiveWriter(ArchiveWriter):
    """Writes a temporary file, which `finish` renames; opened with `writing`."""

    def __init__(self, target: Path, part: Path, written_by: str, sealing: Sealing | None = None) -> None:
        """With `sealing`, embeddings and crops are encrypted."""
        self._target, self._part = target, part
        self._sealing = sealing
        self._written_by = written_by
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)  # an interrupted export may have left it
        self._file = os.fdopen(descriptor, "wb")
        self._zip = zipfile.ZipFile(self._file, "w")
        self._collections: list[CollectionEntry] = []
        self._models: dict[str, int] = {}
        self._greatest = GreatestIds(0, 0)
        self._keys: list[PageEntry] | None = None
        self._files: list[PageEntry] = []
        self._retention: dict[str, RetentionEntry] = {}

    @override
    def section(self, collection: str) -> None:
        self._collections.append(CollectionEntry(collection, [], []))

    @override
    def people(self, people: Sequence[ArchivedPerson]) -> None:
        entries = [
            PersonEntry(person.id, person.name, dict(person.metadata), person.created_at) for person in people
        ]
        greatest = max([self._greatest.profile, *(person.id for person in people)])
        self._greatest = msgspec.structs.replace(self._greatest, profile=greatest)
        section = self._collections[-1]
        self._page(f"{section.name}/people", section.people, entries, zipfile.ZIP_DEFLATED)

    @override
    def faces(self, faces: Sequence[ArchivedFace]) -> None:
        for each in faces:
            self._models[each.embedding.model] = len(each.embedding.vector)
        greatest = max([self._greatest.face, *(each.face.id for each in faces)])
        self._greatest = msgspec.structs.replace(self._greatest, face=greatest)
        section = self._collections[-1]
        # Embeddings and crops can't be compressed further.
        self._page(f"{section.name}/faces", section.faces, list(map(self._entry, faces)), zipfile.ZIP_STORED)

    @override
    def backup(self, greatest_profile_id: int, greatest_face_id: int) -> None:
        self._keys = []
        self._greatest = GreatestIds(greatest_profile_id, greatest_face_id)

    @override
    def keys(self, keys: Sequence[StoredKey]) -> None:
        if self._keys is None:
            raise AssertionError("only backups have keys")
        self._page("api-keys", self._keys, list(map(_key_entry, keys)), zipfile.ZIP_DEFLATED)

    @override
    def file(self, file: OperatorFile) -> None:
        self._files.append(self._added(f"{FILES}{file.name}", file.content, 1, zipfile.ZIP_DEFLATED))

    @override
    def retention(self, collection: str, retention: Retention) -> None:
        if retention.days is not None:
            self._retention[collection] = RetentionEntry(retention.days, retention.since)

    @override
    def finish(self) -> None:
        manifest = Manifest(
            FORMAT,
            VERSION if self._sealing is None else SEALED,
            self._written_by,
            datetime.now(UTC).isoformat(timespec="seconds"),
            self._models,
            self._collections,
            self._greatest,
            self._keys,
            self._files,
            self._retention,
            "" if self._sealing is None else self._sealing.key_ids[0].hex(),
        )
        with _writing(self._target):
            self._add(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)), zipfile.ZIP_DEFLATED)
            self._zip.close()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._target)
            sync_folder(self._target.parent)

    def abandon(self) -> None:
        """Remove an archive that is not finished."""
        if not self._file.closed:
            with suppress(OSError, ValueError):
                self._zip.close()
            with suppress(OSError):
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _entry(self, archived: ArchivedFace) -> FaceEntry[int]:
        face = archived.face
        embedding, crop = archived.embedding.vector.astype("<f4").tobytes(), archived.crop
        if self._sealing is not None:
            context = face_context(face.id, face.recognition_model)
            embedding = self._sealing.seal(Kind.ARCHIVED_EMBEDDING, context, embedding)
            crop = None if crop is None else self._sealing.seal(Kind.ARCHIVED_CROP, context, crop)
        return FaceEntry(
            face.id,
            face.profile_id,
            face.recognition_model,
            face.detection_model,
            embedding,
            archived.digest,
            crop,
            archived.embedding.norm,
            archived.created_at,
        )

    def _page(self, kind: str, pages: list[PageEntry], entries: list[T], compression: int) -> None:
        if not entries:
            return
        name = f"{kind}-{len(pages) + 1:06}.msgpack"
        pages.append(self._added(name, msgspec.msgpack.encode(entries), len(entries), compression))

    def _added(self, name: str, data: bytes, entries: int, compression: int) -> PageEntry:
        with _writing(self._target):
            self._add(name, data, compression)
        return PageEntry(name, entries, len(data), hashlib.sha256(data).hexdigest())

    def _add(self, name: str, data: bytes, compression: int) -> None:
        info = zipfile.ZipInfo(name, datetime.now(UTC).timetuple()[:6])
        info.external_attr = 0o600 << 16
        self._zip.writestr(info, data, compression)


@contextmanager
def writing(target: Path, written_by: str, sealing: Sealing | None = None) -> Iterator[ZipArchiveWriter]:
    """A new archive, readable by this account only; it appears once it is finished.

    With `sealing` its embeddings and crops are encrypted.

    Raises:
        ArchiveError: the file can't be written.
    """
    with _writing(target):
        target = replaceable(target)
        writer = ZipArchiveWriter(target, target.with_name(target.name + ".part"), written_by, sealing)
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


def _key_entry(stored: StoredKey) -> KeyEntry:
    key = stored.key
    collections = key.grant.collections
    return KeyEntry(
        key.id,
        key.name,
        stored.digest,
        sorted(key.grant.scopes),
        key.created_at,
        None if collections is None else sorted(collections),
        key.expires_at,
        key.revoked_at,
        key.last_used_at,
        key.limits.requests_per_minute,
        key.limits.concurrent_photos,
    )
