"""Enrolling a face: collection, person and face in one statement, which is one transaction.

Locks are taken in the order collection, profile, face, as in all transactions.
"""

from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.statements.common import DIMENSIONS_ENROLLED, selecting
from adapters.postgres.statements.encryption import HELD_KEY, IN_USE
from domain.people import FaceId, ProfileId

Outcome: TypeAlias = TypedReturnsRows[
    str | None, bool, ProfileId | None, str | None, FaceId | None, bool | None
]
"""The collection, or null; whether the vector's length fits; the person's id and name; the face's id; if new."""

_FITS = f"coalesce(({DIMENSIONS_ENROLLED}), CAST(:dimensions AS int)) = CAST(:dimensions AS int)"

# The update changes nothing, but locks the profile, so that a concurrent delete of its last face waits.
_BY_NAME = f"""
        INSERT INTO profile (collection, name) SELECT name, CAST(:person AS text) FROM place WHERE {_FITS}
        ON CONFLICT (collection, name) DO UPDATE SET name = excluded.name
        RETURNING id, name"""
_BY_ID = """
        SELECT profile.id, profile.name FROM profile JOIN place ON place.name = profile.collection
        WHERE profile.id = :profile FOR NO KEY UPDATE OF profile"""

# Columns and values of the face, and the column of its crop. What is sealed is bound to an id, which is taken before.
_PLAIN = ("embedding", "CAST(CAST(:vector AS text) AS vector)", "image")
_SEALED = ("id, sealed", "CAST(:face AS bigint), CAST(:sealed AS bytea)", "sealed")


def _enrol(person: str, *, seals: bool) -> Outcome:
    columns, values, crop = _SEALED if seals else _PLAIN
    # The update of a face changes nothing, but returns the one that has this photo. The xmax of a row that was
    # inserted is 0; updating a row locks it first, which sets xmax.
    outcome: Outcome = selecting(
        f"""
    WITH place AS (SELECT name FROM collection WHERE name = :within FOR KEY SHARE),
    person AS ({person}
    ),
    enrolled AS (
        INSERT INTO face (profile_id, collection, recognition_model, detection_model, digest, embedding_norm,
            {columns})
        SELECT id, CAST(:within AS text), CAST(:model AS text), CAST(:detector AS text), CAST(:digest AS bytea),
            CAST(:norm AS float8), {values}
        FROM person WHERE {_FITS}
        ON CONFLICT (profile_id, recognition_model, detection_model, digest) WHERE digest IS NOT NULL
            DO UPDATE SET digest = excluded.digest
        RETURNING id, xmax = 0 AS created
    ),
    crop AS (
        INSERT INTO face_crop (face_id, {crop})
        SELECT id, CAST(:crop AS bytea) FROM enrolled WHERE created AND CAST(:crop AS bytea) IS NOT NULL
    )
    SELECT place.name AS collection, {_FITS} AS fits, person.id AS profile_id, person.name, enrolled.id,
        enrolled.created
    FROM (SELECT) AS one LEFT JOIN place ON true LEFT JOIN person ON true LEFT JOIN enrolled ON true
    """,
        collection=sa.Text,
        fits=sa.Boolean,
        profile_id=sa.BigInteger,
        name=sa.Text,
        id=sa.BigInteger,
        created=sa.Boolean,
    )
    return outcome


ENROL_BY_NAME = {seals: _enrol(_BY_NAME, seals=seals) for seals in (False, True)}
ENROL_BY_ID = {seals: _enrol(_BY_ID, seals=seals) for seals in (False, True)}
"""By whether the face is sealed."""

LOCK_FOR_WRITES = sa.text("LOCK TABLE profile, face IN ROW EXCLUSIVE MODE")
"""As inserting does, but before an id is taken, so that no archive reserves it meanwhile."""
NEW_ID: TypedReturnsRows[int, bool] = selecting(
    f"{HELD_KEY} SELECT nextval(pg_get_serial_sequence('face', 'id')) AS id, {IN_USE}",
    id=sa.BigInteger,
    in_use=sa.Boolean,
)
"""And whether the key may seal, as HOLD_KEY has it."""
