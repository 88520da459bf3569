"""Parameters and conditions that several statements share."""

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR

from adapters.postgres.tables import collection, face

COLLECTION = sa.bindparam("within", type_=sa.Text)
MODEL = sa.bindparam("model", type_=sa.Text)
DIMENSIONS = sa.bindparam("dimensions", type_=sa.Integer)
FACE_ID = sa.bindparam("face", type_=sa.BigInteger)
PROFILE_ID = sa.bindparam("profile", type_=sa.BigInteger)
LIMIT = sa.bindparam("limit", type_=sa.Integer)

VECTOR_GIVEN = sa.cast(sa.bindparam("vector", type_=sa.ARRAY(sa.REAL)), VECTOR)
"""Sent as an array of numbers: pgvector's text form is longer and slower."""

NORM = sa.bindparam("norm", type_=sa.REAL)

VECTOR_STORED: sa.Label[bytes] = sa.func.vector_send(face.c.embedding, type_=sa.LargeBinary).label("vector")
"""pgvector's binary form: see adapters.postgres.rows.vector."""

HOLD_COLLECTION = (
    sa.select(collection.c.name)
    .where(collection.c.name == COLLECTION)
    .with_for_update(read=True, key_share=True)
)
"""The collection, which now can't be deleted until the transaction ends."""

DIMENSIONS_ENROLLED = (
    sa.select(sa.func.vector_dims(face.c.embedding))
    .where(face.c.collection == COLLECTION, face.c.recognition_model == MODEL)
    .limit(1)
    .scalar_subquery()
)
