"""Faces of an archive on their way into the table."""

import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.binary_rows import NULL, copy_rows, data, integers, real, text, timestamp
from adapters.postgres.database import Parameters
from adapters.postgres.rows import sent
from adapters.postgres.sealed_columns import SealedColumns
from adapters.postgres.statements.archive import FACES_TAKEN, NOW
from adapters.postgres.statements.encryption import HOLD_KEY
from adapters.postgres.tables import face
from application.ports.archive import FaceToRestore
from domain.people import FaceId, ProfileId

Content: TypeAlias = tuple[ProfileId, str, str, bytes]
"""What identifies a face: its person, its models, and its photo's digest or else its embedding."""

_COLUMNS = (
    "id",
    "profile_id",
    "collection",
    "recognition_model",
    "detection_model",
    "digest",
    "embedding_norm",
    "created_at",
)
_VECTORS = {False: "embedding", True: "sealed"}
"""The last column, by whether faces are sealed."""


class OwnedFace(NamedTuple):
    """A face to restore and its person in the database."""

    face: FaceToRestore
    owner: ProfileId

    @property
    def content(self) -> Content:
        """See Content."""
        embedding = self.face.embedding
        source = self.face.digest or sent(embedding.vector)
        return self.owner, embedding.model, self.face.detection_model, source


async def store_faces(
    connection: AsyncConnection,
    columns: SealedColumns,
    collection: str,
    ids: Sequence[FaceId],
    faces: Collection[OwnedFace],
) -> set[FaceId]:
    """Add faces with these ids; the ids of those that were added.

    Left out are those whose id, or whose photo of a person, is there already. None is as a rule: COPY takes a third
    of the time that INSERT does, but can't leave any out, and is repeated without them.

    Raises:
        Unavailable: the key that seals them was replaced.
    """
    if columns.seals:
        columns.require(in_use=bool(await connection.scalar(HOLD_KEY, {"key": columns.key_id})))
    left: dict[FaceId, OwnedFace] = {}
    photos: set[tuple[ProfileId, str, str, bytes | None]] = set()
    for face_id, (each, owner) in zip(ids, faces, strict=True):
        photo = (owner, each.embedding.model, each.detection_model, each.digest)
        if face_id not in left and (each.digest is None or photo not in photos):
            left[face_id] = OwnedFace(each, owner)
            photos.add(photo)
    now = timestamp((await connection.execute(NOW)).scalar_one())
    names = (*_COLUMNS, _VECTORS[columns.seals])
    while True:
        try:
            async with connection.begin_nested():
                await copy_rows(connection, face.name, names, _rows(columns, collection, left, now))
        except asyncpg.UniqueViolationError:
            taken = set(await connection.scalars(FACES_TAKEN, _keys(left)))
            if not taken:
                raise
            left = {face_id: each for face_id, each in left.items() if face_id not in taken}
        else:
            return set(left)


def _rows(
    columns: SealedColumns, collection: str, faces: Mapping[FaceId, OwnedFace], now: bytes
) -> Iterator[bytes]:
    @functools.cache
    def names(recogniser: str, detector: str) -> bytes:
        return text(collection) + text(recogniser) + text(detector)

    for face_id, (each, owner) in faces.items():
        embedding, digest, at = each.embedding, each.digest, each.created_at
        model, vector = embedding.model, embedding.vector
        yield b"".join(
            (
                integers(face_id, owner),
                names(model, each.detection_model),
                NULL if digest is None else data(digest),
                NULL if embedding.norm is None else real(embedding.norm),
                now if at is None else timestamp(at),
                data(columns.sealed_vector(face_id, model, vector) if columns.seals else sent(vector)),
            )
        )


def _keys(faces: Mapping[FaceId, OwnedFace]) -> Parameters:
    return {
        "ids": list(faces),
        "people": [owner for _, owner in faces.values()],
        "models": [each.embedding.model for each, _ in faces.values()],
        "detectors": [each.detection_model for each, _ in faces.values()],
        "digests": [each.digest for each, _ in faces.values()],
    }
