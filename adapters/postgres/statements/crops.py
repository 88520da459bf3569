"""Crops that a recognition model hasn't embedded yet.

A photo has several faces if several models embedded it; the first that has a crop stands for them.
"""

from typing import TypeAlias

import sqlalchemy as sa

from adapters.postgres.statements.common import COLLECTION, CROP_STORED, LIMIT, MODEL
from adapters.postgres.statements.faces import FACES
from adapters.postgres.tables import face, face_crop
from domain.people import FaceId, ProfileId

Crops: TypeAlias = sa.Select[FaceId, ProfileId, str, str, str, str, bytes, bytes]
"""The fields of Face; digest, crop."""

_FORMER = sa.bindparam("former", type_=sa.Text)
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


def page(after: FaceId | None) -> Crops:
    """A page of crops by ascending id of their faces."""
    return (
        FACES.add_columns(face.c.digest, CROP_STORED)
        .join(face_crop, face_crop.c.face_id == face.c.id)
        .where(*_first)
        .where(*(() if after is None else (face.c.id > sa.literal(after, sa.BigInteger),)))
        .order_by(face.c.id)
        .limit(LIMIT)
    )


_COLUMNS = (face.c.collection, face.c.recognition_model)
_first_gallery = sa.select(*_COLUMNS).order_by(*_COLUMNS).limit(1).subquery()
_gallery = sa.select(_first_gallery).cte("gallery", recursive=True)
_next_gallery = (
    sa.select(*_COLUMNS)
    .where(sa.tuple_(*_COLUMNS) > sa.tuple_(*_gallery.c))
    .order_by(*_COLUMNS)
    .limit(1)
    .lateral("next")
)
_galleries = _gallery.union_all(sa.select(_next_gallery).select_from(_gallery.join(_next_gallery, sa.true())))
MODELS: sa.Select[str] = sa.select(_galleries.c.recognition_model).distinct()
"""One step in an index per gallery, however many faces it has."""

_of_galleries = face.join(
    _galleries,
    sa.and_(
        *(column == _galleries.c[column.name] for column in _COLUMNS), face.c.recognition_model == _FORMER
    ),
)
LEFT_BEHIND: sa.Select[int, int] = (
    sa.select(sa.func.count(face_crop.c.face_id), sa.func.count())
    .select_from(_of_galleries.outerjoin(face_crop, face_crop.c.face_id == face.c.id))
    .where(~sa.exists().where(_done.c.profile_id == face.c.profile_id, _done.c.recognition_model == MODEL))
)
"""Faces with a crop, and all."""
