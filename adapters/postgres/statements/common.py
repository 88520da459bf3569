"""Parameters and conditions that several statements share."""

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Integer,
    Label,
    LargeBinary,
    Text,
    bindparam,
    cast,
    func,
    select,
)

from adapters.postgres.tables import collection, face

COLLECTION = bindparam("within", type_=Text)
MODEL = bindparam("model", type_=Text)
DIMENSIONS = bindparam("dimensions", type_=Integer)
FACE_ID = bindparam("face", type_=BigInteger)
PROFILE_ID = bindparam("profile", type_=BigInteger)
LIMIT = bindparam("limit", type_=Integer)

VECTOR_GIVEN = cast(bindparam("vector", type_=ARRAY(REAL)), VECTOR)
"""Sent as an array of numbers: pgvector's text form is longer and slower."""

NORM = bindparam("norm", type_=REAL)

VECTOR_STORED: Label[bytes] = func.vector_send(face.c.embedding, type_=LargeBinary).label("vector")
"""pgvector's binary form: see adapters.postgres.rows.vector."""

HOLD_COLLECTION = (
    select(collection.c.name)
    .where(collection.c.name == COLLECTION)
    .with_for_update(read=True, key_share=True)
)
"""The collection, which now can't be deleted until the transaction ends."""

DIMENSIONS_ENROLLED = (
    select(func.vector_dims(face.c.embedding))
    .where(face.c.collection == COLLECTION, face.c.recognition_model == MODEL)
    .limit(1)
    .scalar_subquery()
)
