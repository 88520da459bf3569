"""Parameters and conditions that several statements share."""

from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy.types import TypeEngine

from adapters.postgres.tables import collection, face, face_crop
from application.ports.sealing import OVERHEAD


def selecting(sql: str, **columns: type[TypeEngine[Any]]) -> Any:
    """A statement whose rows have these columns; whoever names it annotates what they are in Python."""
    return sa.text(sql).columns(*(sa.column(name, kind) for name, kind in columns.items()))


COLLECTION = sa.bindparam("within", type_=sa.Text)
MODEL = sa.bindparam("model", type_=sa.Text)
DIMENSIONS = sa.bindparam("dimensions", type_=sa.Integer)
FACE_ID = sa.bindparam("face", type_=sa.BigInteger)
PROFILE_ID = sa.bindparam("profile", type_=sa.BigInteger)
LIMIT = sa.bindparam("limit", type_=sa.Integer)

VECTOR_GIVEN = sa.cast(sa.bindparam("vector", type_=sa.Text), VECTOR)
"""Sent as text: the driver asks of every number of an array whether it is an array itself."""

NORM = sa.bindparam("norm", type_=sa.REAL)

VECTOR_STORED: sa.Label[bytes] = sa.func.coalesce(
    face.c.sealed, sa.func.vector_send(face.c.embedding), type_=sa.LargeBinary
).label("vector")
"""Sealed, or pgvector's binary form: see adapters.postgres.sealed_columns."""

CROP_STORED: sa.ColumnElement[bytes] = sa.func.coalesce(
    face_crop.c.sealed, face_crop.c.image, type_=sa.LargeBinary
)

DIMENSIONS_STORED = f"coalesce(vector_dims(embedding), (octet_length(sealed) - {OVERHEAD}) / 4)"
"""Of a face, in SQL."""

GATHERED = """array_agg(id) AS faces, array_agg(profile_id) AS people,
    string_agg(substring(vector_send(embedding) FROM 5), NULL) AS vectors, string_agg(sealed, NULL) AS sealed,
    array_agg(id) FILTER (WHERE sealed IS NOT NULL) AS sealed_faces"""
"""A page of faces in one row, in SQL: see SealedColumns.matrix.

Vectors as one piece of bytes take a tenth of the time that rows take.
"""

GALLERIES = """RECURSIVE gallery AS (
        (SELECT collection, recognition_model FROM face ORDER BY collection, recognition_model LIMIT 1)
        UNION ALL
        SELECT next.collection, next.recognition_model FROM gallery, LATERAL (
            SELECT face.collection, face.recognition_model FROM face
            WHERE (face.collection, face.recognition_model) > (gallery.collection, gallery.recognition_model)
            ORDER BY face.collection, face.recognition_model LIMIT 1
        ) AS next
    )"""
"""Those that have faces, in SQL: a walk along the index on (collection, model, ...), a step for each gallery."""

HOLD_COLLECTION = (
    sa.select(collection.c.name)
    .where(collection.c.name == COLLECTION)
    .with_for_update(read=True, key_share=True)
)
"""The collection, which now can't be deleted until the transaction ends."""

DIMENSIONS_ENROLLED = (
    sa.select(sa.literal_column(DIMENSIONS_STORED, sa.Integer))
    .select_from(face)
    .where(face.c.collection == COLLECTION, face.c.recognition_model == MODEL)
    .limit(1)
    .scalar_subquery()
)
