"""Exporting faces, and restoring people and faces."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.statements.common import (
    AFTER,
    COLLECTION,
    CROP_STORED,
    DIMENSIONS_ENROLLED,
    FACE_ID,
    LIMIT,
    PROFILE_ID,
    VECTOR_STORED,
    selecting,
)
from adapters.postgres.statements.faces import FACES
from adapters.postgres.tables import collection, face, face_crop, kept_archive, profile
from domain.metadata import Metadata
from domain.people import FaceId, ProfileId

Archived: TypeAlias = sa.Select[
    FaceId, ProfileId, str, str, str, str, bytes | None, bytes | None, bytes, float | None, datetime
]
"""The fields of Face; digest, crop, vector, norm and time of enrolment."""

COLLECTION_NAMES = sa.select(collection.c.name).order_by(collection.c.name)

GREATEST_IDS: TypedReturnsRows[int, int] = selecting(
    """
    SELECT coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence('profile', 'id') AS regclass)), 0) AS people,
        coalesce(pg_sequence_last_value(CAST(pg_get_serial_sequence('face', 'id') AS regclass)), 0) AS faces
    """,
    people=sa.BigInteger,
    faces=sa.BigInteger,
)

_PEOPLE_STORED: sa.Select[ProfileId, str, Metadata, datetime, date | None] = sa.select(
    profile.c.id, profile.c.name, profile.c.metadata, profile.c.created_at, profile.c.last_matched_on
)
PERSON = _PEOPLE_STORED.where(profile.c.collection == COLLECTION, profile.c.id == PROFILE_ID)


PEOPLE = (
    _PEOPLE_STORED.where(profile.c.collection == COLLECTION, profile.c.id > AFTER)
    .order_by(profile.c.id)
    .limit(LIMIT)
)
"""A page of people by ascending id."""


def page(person: ProfileId | None, *, crops: bool) -> Archived:
    """A page of faces by ascending id, of all people or of one."""
    crop = (
        sa.select(CROP_STORED).where(face_crop.c.face_id == face.c.id).scalar_subquery()
        if crops
        else sa.null()
    )
    return (
        FACES.add_columns(face.c.digest, crop, VECTOR_STORED, face.c.embedding_norm, face.c.created_at)
        .where(face.c.collection == COLLECTION, face.c.id > AFTER)
        .where(*(() if person is None else (face.c.profile_id == PROFILE_ID,)))
        .order_by(face.c.id)
        .limit(LIMIT)
    )


# -- keeping ids

ANY_PERSON = sa.select(sa.select(profile.c.id).exists())
ARCHIVE_WITH_IDS = sa.select(kept_archive.c.archive)
LOCK_AGAINST_WRITES = sa.text("LOCK TABLE profile, face IN SHARE MODE")
DELETE_ARCHIVE = sa.delete(kept_archive)
SET_ARCHIVE = sa.insert(kept_archive).values(archive=sa.bindparam("new", type_=sa.Text))
RESERVE_IDS = sa.text(
    """
    SELECT setval(sequence, greatest(given, 1), given > 0) FROM (
        SELECT sequence, greatest(nextval(sequence) - 1, taken) AS given FROM (VALUES
            (pg_get_serial_sequence('profile', 'id'), CAST(:people AS bigint)),
            (pg_get_serial_sequence('face', 'id'), CAST(:faces AS bigint))
        ) AS reserved (sequence, taken)
    ) AS ids
    """
)

# -- people

LOCK_FOR_PEOPLE = (
    sa.select(collection.c.name).where(collection.c.name == COLLECTION).with_for_update(key_share=True)
)
"""The collection: others can enrol meanwhile, but not restore people."""

_IDS = sa.bindparam("ids", type_=sa.ARRAY(sa.BigInteger))

# Looked up one by one in an index, whatever the planner expects of a table that has just grown from nothing: a scan a
# page would make an import quadratic. LIMIT and OFFSET keep the lookups from becoming another kind of join.
SAME_PEOPLE: TypedReturnsRows[ProfileId, str] = selecting(
    """
    SELECT found.id, found.name FROM unnest(CAST(:ids AS bigint[])) AS wanted (id), LATERAL (
        SELECT id, name FROM profile WHERE profile.id = wanted.id AND profile.collection = :within LIMIT 1
    ) AS found
    UNION ALL
    SELECT found.id, found.name FROM unnest(CAST(:names AS text[])) AS wanted (name), LATERAL (
        SELECT id, name FROM profile WHERE profile.collection = :within AND profile.name = wanted.name LIMIT 1
    ) AS found
    """,
    id=sa.BigInteger,
    name=sa.Text,
)

_PEOPLE = """
    INSERT INTO profile ({0} collection, name, metadata, created_at) OVERRIDING SYSTEM VALUE
    SELECT {0} :within, name, CAST(metadata AS jsonb), coalesce(created_at, now())
    FROM unnest(CAST(:ids AS bigint[]), CAST(:names AS text[]), CAST(:about AS text[]),
        CAST(:times AS timestamptz[])) AS given (id, name, metadata, created_at)
    ON CONFLICT DO NOTHING RETURNING id, name
    """
RESTORE_PEOPLE: Mapping[bool, TypedReturnsRows[ProfileId, str]] = {
    with_ids: selecting(_PEOPLE.format("id," if with_ids else ""), id=sa.BigInteger, name=sa.Text)
    for with_ids in (True, False)
}
"""With ids and without; the people who were added."""

# -- faces

_owners: sa.Select[ProfileId] = (
    sa.select(profile.c.id)
    .where(profile.c.collection == COLLECTION, profile.c.id == sa.any_(_IDS))
    .order_by(profile.c.id)
)
"""In the order in which all transactions lock."""
LOCK_OWNERS = {
    False: _owners.with_for_update(read=True, key_share=True),
    True: _owners.with_for_update(key_share=True),
}
"""By whether faces must not be enrolled meanwhile; the people can't be deleted in either case."""

DIMENSIONS: TypedReturnsRows[int] = selecting(DIMENSIONS_ENROLLED, dimensions=sa.Integer)

FACES_BY_ID: sa.Select[FaceId] = sa.select(face.c.id).where(
    face.c.collection == COLLECTION, face.c.id == sa.any_(_IDS)
)

SAME_FACES: TypedReturnsRows[FaceId, ProfileId, str, str, bytes] = selecting(
    """
    SELECT found.* FROM unnest(CAST(:photographed AS bigint[]), CAST(:digests AS bytea[])) AS wanted (person, digest),
    LATERAL (
        SELECT id, profile_id, recognition_model, detection_model, digest FROM face
        WHERE face.profile_id = wanted.person AND face.digest = wanted.digest OFFSET 0
    ) AS found
    UNION ALL
    SELECT found.* FROM unnest(CAST(:people AS bigint[]), CAST(:vectors AS bytea[])) AS wanted (person, vector),
    LATERAL (
        SELECT id, profile_id, recognition_model, detection_model, vector_send(embedding) FROM face
        WHERE face.profile_id = wanted.person AND face.digest IS NULL
            AND vector_send(face.embedding) = wanted.vector OFFSET 0
    ) AS found
    ORDER BY 1
    """,
    id=sa.BigInteger,
    profile_id=sa.BigInteger,
    recognition_model=sa.Text,
    detection_model=sa.Text,
    source=sa.LargeBinary,
)
"""Faces of people by the digests of their photos, or, without a photo, by embedding; see SAME_PEOPLE."""

NEW_IDS: TypedReturnsRows[FaceId] = selecting(
    "SELECT nextval(pg_get_serial_sequence('face', 'id')) FROM generate_series(1, CAST(:count AS int))",
    id=sa.BigInteger,
)

FACES_TAKEN: TypedReturnsRows[FaceId] = selecting(
    """
    WITH given AS (
        SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:people AS bigint[]), CAST(:models AS text[]),
            CAST(:detectors AS text[]), CAST(:digests AS bytea[]))
            AS given (id, profile_id, recognition_model, detection_model, digest)
    )
    SELECT given.id FROM given, LATERAL (SELECT FROM face WHERE face.id = given.id OFFSET 0) AS found
    UNION
    SELECT given.id FROM given, LATERAL (
        SELECT FROM face
        WHERE face.profile_id = given.profile_id AND face.recognition_model = given.recognition_model
            AND face.detection_model = given.detection_model AND face.digest = given.digest OFFSET 0
    ) AS found
    """,
    id=sa.BigInteger,
)
"""Of faces to add, those whose id, or whose photo of a person, is there already; see SAME_PEOPLE."""

RESTORE_CROP = {
    seals: sa.insert(face_crop).values(
        {"face_id": FACE_ID, column: sa.bindparam("crop", type_=sa.LargeBinary)}
    )
    for seals, column in ((False, "image"), (True, "sealed"))
}
"""By whether they are sealed."""

SEALED_FACES: sa.Select[FaceId, ProfileId, str, str, bytes] = sa.select(
    face.c.id, face.c.profile_id, face.c.recognition_model, face.c.detection_model, face.c.sealed
).where(
    face.c.profile_id == sa.any_(sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger))),
    face.c.digest.is_(None),
    face.c.sealed.is_not(None),
)
"""Faces of people without a photo."""

NOW: sa.Select[datetime] = sa.select(sa.func.now())
