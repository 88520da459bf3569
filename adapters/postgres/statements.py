"""What PgVectorRepository asks the server, built once."""

from uuid import UUID

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    REAL,
    Double,
    Integer,
    Label,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.postgres.tables import face, profile
from application.ports.repository import FaceFilter

_VECTOR = cast(bindparam("vector", type_=ARRAY(REAL)), VECTOR)
"""Sent as numbers, which asyncpg knows, and not in pgvector's text form, which is longer and slower."""
_DIMENSIONS = bindparam("dimensions", type_=Integer)
_MODEL = bindparam("model", type_=Text)
_FACE_ID = bindparam("face", type_=Uuid)
_PROFILE_ID = bindparam("profile", type_=Uuid)
_LIMIT = bindparam("limit", type_=Integer)

# -- add

_DIMENSIONS_ENROLLED = (
    select(func.vector_dims(face.c.embedding))
    .where(face.c.recognition_model == _MODEL)
    .limit(1)
    .scalar_subquery()
)
# The update changes nothing: it locks the profile, so that a concurrent delete of its last face waits.
_new_person = upsert(profile).from_select(
    ["id", "name"],
    select(_PROFILE_ID, bindparam("person", type_=Text)).where(
        func.coalesce(_DIMENSIONS_ENROLLED, _DIMENSIONS) == _DIMENSIONS
    ),
)
_person = (
    _new_person.on_conflict_do_update(
        index_elements=[profile.c.name], set_={"name": _new_person.excluded.name}
    )
    .returning(profile.c.id)
    .cte("person")
)
ENROL = (
    insert(face)
    .from_select(
        ["id", "profile_id", "recognition_model", "detection_model", "embedding"],
        select(_FACE_ID, _person.c.id, _MODEL, bindparam("detector", type_=Text), _VECTOR),
    )
    .returning(face.c.profile_id)
)
"""Profile and face in one statement, which is one transaction; no row: the model has other dimensions."""

# -- search

# In a sub-select the vector is converted once; without, a generic plan converts it again for each row.
_distance: Label[float] = face.c.embedding.op("<#>", return_type=Double())(
    select(_VECTOR).scalar_subquery()
).label("distance")
_gallery = select(face.c.id, face.c.profile_id, face.c.detection_model, _distance).where(
    face.c.recognition_model == _MODEL, func.vector_dims(face.c.embedding) == _DIMENSIONS
)


def _ranked(candidates: Select[UUID, UUID, str, float]) -> Select[UUID, UUID, str, str, float]:
    near = candidates.subquery("near")
    return (
        select(near.c.id, near.c.profile_id, profile.c.name, near.c.detection_model, near.c.distance)
        .join(profile, profile.c.id == near.c.profile_id)
        .order_by(near.c.distance, near.c.id)
        .limit(_LIMIT)
    )


NEAREST_FACES = _ranked(_gallery.order_by(_distance, face.c.id).limit(_LIMIT))
"""Several may be of one person."""

NEAREST_PEOPLE = _ranked(
    _gallery.ext(distinct_on(face.c.profile_id)).order_by(face.c.profile_id, _distance, face.c.id)
)
"""Each person's nearest face: right however many faces a person has, but it sorts the whole gallery."""

ANY_FACE = select(literal(1)).where(face.c.recognition_model == _MODEL).limit(1)

# -- list


def page(where: FaceFilter, after: UUID | None) -> Select[UUID, UUID, str, str, str]:
    """A page of faces in the order of their ids."""
    named = select(profile.c.id).where(profile.c.name == where.name).scalar_subquery()
    conditions = (
        (after, face.c.id > literal(after, Uuid)),
        (where.name, face.c.profile_id == named),
        (where.profile_id, face.c.profile_id == where.profile_id),
        (where.recognition_model, face.c.recognition_model == where.recognition_model),
    )
    return (
        select(face.c.id, face.c.profile_id, profile.c.name, face.c.recognition_model, face.c.detection_model)
        .join(profile)
        .where(*(condition for value, condition in conditions if value is not None))
        .order_by(face.c.id)
        .limit(_LIMIT)
    )


# -- delete

LOCK_PERSON_OF = (
    select(face.c.profile_id).join(profile).where(face.c.id == _FACE_ID).with_for_update(of=profile)
)
DELETE_FACE = delete(face).where(face.c.id == _FACE_ID).returning(face.c.id)
DELETE_PERSON_WITHOUT_FACES = delete(profile).where(
    profile.c.id == _PROFILE_ID, ~exists().where(face.c.profile_id == profile.c.id)
)

PING = select(literal(1))
