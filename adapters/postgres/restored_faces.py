"""Faces of an archive on their way into the table."""

import functools
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import asyncpg
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.binary_rows import NULL, copy_rows, data, integers, real, text, timestamp
from adapters.postgres.database import Parameters
from adapters.postgres.rows import sent
from adapters.postgres.sealed_columns import SealedColumns
from adapters.postgres.statements.archive import NOW, RESTORE_FACES
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
    of the time, but can't leave any out.

    Raises:
        Unavailable: the key that seals them was replaced.
    """
    if columns.seals:
        columns.require(in_use=bool(await connection.scalar(HOLD_KEY, {"key": columns.key_id})))
    try:
        async with connection.begin_nested():
            await _copy(connection, columns, collection, ids, faces)
    except asyncpg.UniqueViolationError:
        parameters = _parameters(columns, collection, ids, faces)
        return set((await connection.scalars(RESTORE_FACES[columns.seals], parameters)).all())
    return set(ids)


async def _copy(
    connection: AsyncConnection,
    columns: SealedColumns,
    collection: str,
    ids: Sequence[FaceId],
    faces: Collection[OwnedFace],
) -> None:
    now = NULL
    if any(each.created_at is None for each, _ in faces):
        now = timestamp((await connection.execute(NOW)).scalar_one())
    names = (*_COLUMNS, _VECTORS[columns.seals])
    await copy_rows(connection, face.name, names, _rows(columns, collection, ids, faces, now))


def _rows(
    columns: SealedColumns,
    collection: str,
    ids: Sequence[FaceId],
    faces: Collection[OwnedFace],
    now: bytes,
) -> Iterator[bytes]:
    @functools.cache
    def names(recogniser: str, detector: str) -> bytes:
        return text(collection) + text(recogniser) + text(detector)

    for face_id, (each, owner) in zip(ids, faces, strict=True):
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


def _parameters(
    columns: SealedColumns, collection: str, ids: Sequence[FaceId], faces: Collection[OwnedFace]
) -> Parameters:
    embeddings = [each.embedding for each, _ in faces]
    vectors: dict[str, object]
    if columns.seals:
        numbered = zip(ids, embeddings, strict=True)
        vectors = {
            "sealed": [columns.sealed_vector(here, each.model, each.vector) for here, each in numbered]
        }
    else:
        vectors = {
            "numbers": np.concatenate([each.vector for each in embeddings]).tolist(),
            "dimensions": [len(each.vector) for each in embeddings],
        }
    return {
        **vectors,
        "within": collection,
        "ids": ids,
        "people": [owner for _, owner in faces],
        "models": [each.model for each in embeddings],
        "detectors": [each.detection_model for each, _ in faces],
        "digests": [each.digest for each, _ in faces],
        "norms": [each.norm for each in embeddings],
        "times": [each.created_at for each, _ in faces],
    }
