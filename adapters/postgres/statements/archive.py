"""Faces out, and people and faces in again by their ids."""

from typing import TypeAlias
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    LargeBinary,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    column,
    exists,
    func,
    insert,
    literal,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.postgres.statements.common import (
    COLLECTION,
    DIMENSIONS_ENROLLED,
    FACE_ID,
    LIMIT,
    MODEL,
    PROFILE_ID,
    VECTOR_GIVEN,
    VECTOR_STORED,
)
from adapters.postgres.statements.faces import FACES
from adapters.postgres.tables import face, face_crop, profile

Archived: TypeAlias = Select[UUID, UUID, str, str, str, str, bytes | None, bytes | None, bytes]
"""The fields of Face; digest, crop, vector."""


def page(of: str, after: UUID | None, *, crops: bool) -> Archived:
    """A page of faces in the order of their ids."""
    crop = (
        select(face_crop.c.image).where(face_crop.c.face_id == face.c.id).scalar_subquery()
        if crops
        else null()
    )
    return (
        FACES.add_columns(face.c.digest, crop, VECTOR_STORED)
        .where(face.c.collection == of)
        .where(*(() if after is None else (face.c.id > literal(after, Uuid),)))
        .order_by(face.c.id)
        .limit(LIMIT)
    )


_IDS = bindparam("ids", type_=ARRAY(Uuid))

_given = (
    func.unnest(_IDS, bindparam("names", type_=ARRAY(Text)), bindparam("about", type_=ARRAY(Text)))
    .table_valued(column("id", Uuid), column("name", Text), column("metadata", Text))
    .render_derived()
)
RESTORE_PEOPLE = (
    upsert(profile)
    .from_select(
        ["id", "collection", "name", "metadata"],
        select(_given.c.id, COLLECTION, _given.c.name, cast(_given.c.metadata, JSONB)),
    )
    .on_conflict_do_nothing(index_elements=[profile.c.id])
    .returning(profile.c.id)
)

_new_face = upsert(face).values(
    id=FACE_ID,
    profile_id=PROFILE_ID,
    collection=COLLECTION,
    recognition_model=MODEL,
    detection_model=bindparam("detector", type_=Text),
    digest=bindparam("photo", type_=LargeBinary),
    embedding=VECTOR_GIVEN,
)
RESTORE_FACE = _new_face.on_conflict_do_nothing()
RESTORE_CROP = insert(face_crop).values(face_id=FACE_ID, image=bindparam("crop", type_=LargeBinary))


def strangers(ids: Column[UUID], home: Column[str]) -> Select[bool]:
    """Whether one of the ids is in another collection."""
    return select(exists().where(ids == any_(_IDS), home != COLLECTION))


PEOPLE_ELSEWHERE = strangers(profile.c.id, profile.c.collection)
FACES_ELSEWHERE = strangers(face.c.id, face.c.collection)
FACES_THERE = select(face.c.id).where(face.c.id == any_(_IDS))
DIMENSIONS = select(DIMENSIONS_ENROLLED)
