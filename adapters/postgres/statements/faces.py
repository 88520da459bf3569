"""Reading, moving and deleting enrolled faces."""

from typing import TypeAlias

import sqlalchemy as sa

from adapters.postgres.statements.common import COLLECTION, FACE_ID, LIMIT, MODEL, PROFILE_ID
from adapters.postgres.tables import face, profile
from application.ports.faces import FaceFilter
from domain.people import FaceId, ProfileId

Faces: TypeAlias = sa.Select[FaceId, ProfileId, str, str, str, str]

FACES: Faces = sa.select(
    face.c.id,
    face.c.profile_id,
    profile.c.name,
    face.c.recognition_model,
    face.c.detection_model,
    face.c.collection,
).join(profile, profile.c.id == face.c.profile_id)
"""The fields of Face."""

_this = (face.c.collection == COLLECTION, face.c.id == FACE_ID)

GET = FACES.where(*_this)

_photos = (
    sa.func.unnest(
        sa.bindparam("names", type_=sa.ARRAY(sa.Text)),
        sa.bindparam("digests", type_=sa.ARRAY(sa.LargeBinary)),
    )
    .table_valued(sa.column("name", sa.Text), sa.column("digest", sa.LargeBinary))
    .render_derived()
)
ENROLLED: sa.Select[FaceId, ProfileId, str, str, str, str, bytes | None] = (
    FACES.add_columns(face.c.digest)
    .join(_photos, (_photos.c.name == profile.c.name) & (_photos.c.digest == face.c.digest))
    .where(
        profile.c.collection == COLLECTION,
        face.c.recognition_model == MODEL,
        face.c.detection_model == sa.bindparam("detector", type_=sa.Text),
    )
)
"""Faces by pairs of a person's name and a photo's digest."""


def page(where: FaceFilter, after: FaceId | None) -> Faces:
    """A page of faces by ascending id."""
    named = sa.select(profile.c.id).where(
        profile.c.collection == where.collection, profile.c.name == where.name
    )
    conditions = (
        (where.name, face.c.profile_id == named.scalar_subquery()),
        (where.profile_id, face.c.profile_id == where.profile_id),
        (where.recognition_model, face.c.recognition_model == where.recognition_model),
    )
    return (
        FACES.where(face.c.collection == where.collection, face.c.id > (after or 0))
        .where(*(condition for value, condition in conditions if value is not None))
        .order_by(face.c.id)
        .limit(LIMIT)
    )


OWNER = sa.select(face.c.profile_id).where(*_this)

DELETE = sa.delete(face).where(face.c.id == FACE_ID, face.c.profile_id == PROFILE_ID).returning(face.c.id)
DELETE_PERSON_WITHOUT_FACES = sa.delete(profile).where(
    profile.c.id == PROFILE_ID, ~sa.exists().where(face.c.profile_id == profile.c.id)
)

_moved = face.alias("moved")
SAME_PHOTO = (
    sa.select(face.c.id)
    .join(
        _moved,
        (_moved.c.id == FACE_ID)
        & (_moved.c.digest == face.c.digest)
        & (_moved.c.recognition_model == face.c.recognition_model)
        & (_moved.c.detection_model == face.c.detection_model),
    )
    .where(face.c.profile_id == PROFILE_ID)
)
"""The face of a person that is of the same photo and models as another face."""

MOVE = (
    sa.update(face)
    .where(face.c.id == FACE_ID)
    .values(profile_id=sa.bindparam("profile", type_=sa.BigInteger))
)
