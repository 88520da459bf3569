"""Crops that a recognition model hasn't embedded yet.

A photo has several faces if several models embedded it; the first that has a crop stands for them.
"""

from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.statements.common import (
    AFTER,
    COLLECTION,
    CROP_STORED,
    GALLERIES,
    LIMIT,
    MODEL,
    selecting,
)
from adapters.postgres.statements.faces import FACES
from adapters.postgres.tables import face, face_crop
from domain.people import FaceId, ProfileId

Crops: TypeAlias = sa.Select[FaceId, ProfileId, str, str, str, str, bytes, bytes]
"""The fields of Face; digest, crop."""

_other, _done = face.alias("other"), face.alias("done")
_crop_of_other = face_crop.alias("crop_of_other")


def _same_photo(one: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(
        one.c.profile_id == face.c.profile_id,
        one.c.detection_model == face.c.detection_model,
        one.c.digest == face.c.digest,
    )


_to_do = (
    face.c.collection == COLLECTION,
    face.c.recognition_model != MODEL,
    ~sa.exists().where(_same_photo(_done), _done.c.recognition_model == MODEL),
)
_crop_of_same_photo = sa.exists().where(
    _same_photo(_other), _other.c.recognition_model != MODEL, _crop_of_other.c.face_id == _other.c.id
)
_first = (
    *_to_do,
    face.c.digest.is_not(None),
    ~_crop_of_same_photo.where(_other.c.id < face.c.id),
)

PENDING = (
    sa.select(sa.func.count())
    .select_from(face.join(face_crop, face_crop.c.face_id == face.c.id))
    .where(*_first)
)
WITHOUT_CROP = (
    sa.select(sa.func.count())
    .select_from(face.outerjoin(face_crop, face_crop.c.face_id == face.c.id))
    .where(*_to_do, (face_crop.c.face_id.is_(None) & ~_crop_of_same_photo) | face.c.digest.is_(None))
)


PAGE: Crops = (
    FACES.add_columns(face.c.digest, CROP_STORED)
    .join(face_crop, face_crop.c.face_id == face.c.id)
    .where(*_first, face.c.id > AFTER)
    .order_by(face.c.id)
    .limit(LIMIT)
)
"""A page of crops by ascending id of their faces."""

MODELS: TypedReturnsRows[str] = selecting(
    f"WITH {GALLERIES} SELECT DISTINCT recognition_model AS model FROM gallery", model=sa.Text
)

LEFT_BEHIND: TypedReturnsRows[int, int] = selecting(
    f"""
    WITH {GALLERIES}
    SELECT count(face_crop.face_id) AS with_crop, count(*) AS faces
    FROM gallery JOIN face USING (collection, recognition_model) LEFT JOIN face_crop ON face_crop.face_id = face.id
    WHERE recognition_model = :former AND NOT EXISTS (
        SELECT FROM face AS done WHERE done.profile_id = face.profile_id AND done.recognition_model = :model
    )
    """,
    with_crop=sa.BigInteger,
    faces=sa.BigInteger,
)
"""Faces with a crop, and all."""
