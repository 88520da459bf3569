"""Exporting faces, and restoring people and faces."""

from typing import TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    LargeBinary,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
)

from adapters.postgres.statements.common import (
    COLLECTION,
    DIMENSIONS_ENROLLED,
    FACE_ID,
    LIMIT,
    VECTOR_STORED,
)
from adapters.postgres.statements.faces import FACES
from adapters.postgres.tables import collection, face, face_crop, kept_archive, profile
from domain.people import FaceId, ProfileId

Archived: TypeAlias = Select[
    FaceId, ProfileId, str, str, str, str, bytes | None, bytes | None, bytes, float | None
]
"""The fields of Face; digest, crop, vector and norm."""


def page(of: str, after: FaceId | None, *, crops: bool) -> Archived:
    """A page of faces by ascending id."""
    crop = (
        select(face_crop.c.image).where(face_crop.c.face_id == face.c.id).scalar_subquery()
        if crops
        else null()
    )
    return (
        FACES.add_columns(face.c.digest, crop, VECTOR_STORED, face.c.embedding_norm)
        .where(face.c.collection == of)
        .where(*(() if after is None else (face.c.id > literal(after, BigInteger),)))
        .order_by(face.c.id)
        .limit(LIMIT)
    )


# -- keeping ids

ANY_PERSON = select(select(profile.c.id).exists())
ARCHIVE_WITH_IDS = select(kept_archive.c.archive)
LOCK_AGAINST_WRITES = text("LOCK TABLE profile, face IN SHARE MODE")
DELETE_ARCHIVE = delete(kept_archive)
SET_ARCHIVE = insert(kept_archive).values(archive=bindparam("new", type_=Text))
RESERVE_IDS = text(
    """
    SELECT setval(sequence, greatest(nextval(sequence), taken + 1), false) FROM (VALUES
        (pg_get_serial_sequence('profile', 'id'), CAST(:people AS bigint)),
        (pg_get_serial_sequence('face', 'id'), CAST(:faces AS bigint))
    ) AS reserved (sequence, taken)
    """
)

# -- people

LOCK_FOR_PEOPLE = (
    select(collection.c.name).where(collection.c.name == COLLECTION).with_for_update(key_share=True)
)
"""The collection: others can enrol meanwhile, but not restore people."""

_IDS = bindparam("ids", type_=ARRAY(BigInteger))

SAME_PEOPLE: Select[ProfileId, str] = select(profile.c.id, profile.c.name).where(
    profile.c.collection == COLLECTION,
    or_(profile.c.name == any_(bindparam("names", type_=ARRAY(Text))), profile.c.id == any_(_IDS)),
)

_PEOPLE = """
    INSERT INTO profile ({0} collection, name, metadata) OVERRIDING SYSTEM VALUE
    SELECT {0} :within, name, CAST(metadata AS jsonb)
    FROM unnest(CAST(:ids AS bigint[]), CAST(:names AS text[]), CAST(:about AS text[])) AS given (id, name, metadata)
    ON CONFLICT DO NOTHING RETURNING id
    """
RESTORE_PEOPLE_WITH_IDS = text(_PEOPLE.format("id,"))
RESTORE_PEOPLE = text(_PEOPLE.format(""))

# -- faces

_owners: Select[ProfileId] = (
    select(profile.c.id)
    .where(profile.c.collection == COLLECTION, profile.c.id == any_(_IDS))
    .order_by(profile.c.id)
)
"""In the order in which all transactions lock."""
LOCK_OWNERS = {
    False: _owners.with_for_update(read=True, key_share=True),
    True: _owners.with_for_update(key_share=True),
}
"""By whether faces must not be enrolled meanwhile; the people can't be deleted in either case."""

DIMENSIONS = select(DIMENSIONS_ENROLLED)

FACES_BY_ID: Select[FaceId] = select(face.c.id).where(
    face.c.collection == COLLECTION, face.c.id == any_(_IDS)
)

_sent = func.vector_send(face.c.embedding, type_=LargeBinary)
SAME_FACES: Select[FaceId, ProfileId, str, str, bytes | None, bytes | None] = select(
    face.c.id,
    face.c.profile_id,
    face.c.recognition_model,
    face.c.detection_model,
    face.c.digest,
    case((face.c.digest.is_(None), _sent)),
).where(
    face.c.profile_id == any_(bindparam("people", type_=ARRAY(BigInteger))),
    or_(
        face.c.digest == any_(bindparam("digests", type_=ARRAY(LargeBinary))),
        and_(face.c.digest.is_(None), _sent == any_(bindparam("vectors", type_=ARRAY(LargeBinary)))),
    ),
)
"""Faces of people by the digests of their photos, or, without a photo, by embedding."""

_FACE = """
    INSERT INTO face ({0} profile_id, collection, recognition_model, detection_model, digest, embedding,
        embedding_norm)
    OVERRIDING SYSTEM VALUE
    VALUES ({1} :profile, :within, :model, :detector, :digest, CAST(CAST(:vector AS real[]) AS vector),
        CAST(:norm AS real))
    ON CONFLICT DO NOTHING
    """
RESTORE_FACE_WITH_ID = text(_FACE.format("id,", ":face,"))
RESTORE_FACE = text(_FACE.format("", ""))
RESTORE_CROP = insert(face_crop).values(face_id=FACE_ID, image=bindparam("crop", type_=LargeBinary))
