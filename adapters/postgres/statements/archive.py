"""Faces out, and people and faces in again."""

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
"""The fields of Face; digest, crop, vector, norm."""


def page(of: str, after: FaceId | None, *, crops: bool) -> Archived:
    """A page of faces in the order of their ids."""
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


# -- whether ids are kept

ANYBODY = select(select(profile.c.id).exists())
KEPT_ARCHIVE = select(kept_archive.c.archive)
LET_NOBODY_COME = text("LOCK TABLE profile, face IN SHARE MODE")
FORGET_ARCHIVE = delete(kept_archive)
KEEP_ARCHIVE = insert(kept_archive).values(archive=bindparam("kept", type_=Text))
RESERVE = text(
    """
    SELECT setval(sequence, greatest(nextval(sequence), taken + 1), false) FROM (VALUES
        (pg_get_serial_sequence('profile', 'id'), CAST(:people AS bigint)),
        (pg_get_serial_sequence('face', 'id'), CAST(:faces AS bigint))
    ) AS reserved (sequence, taken)
    """
)

# -- people

LOCK = select(collection.c.name).where(collection.c.name == COLLECTION).with_for_update(key_share=True)
"""The collection; others may go on to enrol, and only to restore people they wait."""

_IDS = bindparam("ids", type_=ARRAY(BigInteger))

PEOPLE_THERE: Select[ProfileId, str] = select(profile.c.id, profile.c.name).where(
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
"""In the order of all locks."""
LOCK_OWNERS = {
    False: _owners.with_for_update(read=True, key_share=True),
    True: _owners.with_for_update(key_share=True),
}
"""False: they can't be deleted until the transaction ends. True: nor can anybody else enrol a face of theirs."""

DIMENSIONS = select(DIMENSIONS_ENROLLED)

FACES_THERE: Select[FaceId] = select(face.c.id).where(
    face.c.collection == COLLECTION, face.c.id == any_(_IDS)
)

_sent = func.vector_send(face.c.embedding, type_=LargeBinary)
FACES_ALIKE: Select[FaceId, ProfileId, str, str, bytes | None, bytes | None] = select(
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
"""By people and what the faces were made from: photos, by their digests, or else embeddings."""

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
