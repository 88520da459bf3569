"""Enrolling a face: collection, person and face in one statement, which is one transaction.

Locks are taken in the order collection, profile, face, as in all transactions.
"""

from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.statements.common import (
    COLLECTION,
    DIMENSIONS,
    DIMENSIONS_ENROLLED,
    FACE_ID,
    HOLD_COLLECTION,
    MODEL,
    NORM,
    PROFILE_ID,
    VECTOR_GIVEN,
    selecting,
)
from adapters.postgres.statements.encryption import HELD_KEY, IN_USE
from adapters.postgres.tables import face, face_crop, profile
from domain.people import FaceId, ProfileId

Outcome: TypeAlias = sa.Select[str | None, bool, ProfileId | None, str | None, FaceId | None, bool | None]
"""The collection, or null; whether the vector's length fits; the person's id and name; the face's id; if new."""

_DETECTOR = sa.bindparam("detector", type_=sa.Text)
_DIGEST = sa.bindparam("digest", type_=sa.LargeBinary)
_CROP = sa.bindparam("crop", type_=sa.LargeBinary)
_SEALED = sa.bindparam("sealed", type_=sa.LargeBinary)

# The xmax of a row that this upsert has inserted is 0; updating a row locks it first, which sets xmax.
_CREATED: sa.Label[bool] = sa.literal_column("face.xmax = 0", sa.Boolean).label("created")

_fits: sa.ColumnElement[bool] = sa.func.coalesce(DIMENSIONS_ENROLLED, DIMENSIONS) == DIMENSIONS

_collection = HOLD_COLLECTION.cte("locked_collection")

# The update changes nothing, but locks the profile, so that a concurrent delete of its last face waits.
_new_person = upsert(profile).from_select(
    ["collection", "name"],
    sa.select(_collection.c.name, sa.bindparam("person", type_=sa.Text)).where(_fits),
)
_by_name = (
    _new_person.on_conflict_do_update(
        index_elements=[profile.c.collection, profile.c.name], set_={"name": _new_person.excluded.name}
    )
    .returning(profile.c.id, profile.c.name)
    .cte("person")
)
_by_id = (
    sa.select(profile.c.id, profile.c.name)
    .join(_collection, _collection.c.name == profile.c.collection)
    .where(profile.c.id == PROFILE_ID)
    .with_for_update(key_share=True, of=profile)
    .cte("person")
)


def _enrol(person: sa.CTE, *, seals: bool) -> Outcome:
    common: dict[str, sa.ColumnElement[Any]] = {
        "profile_id": person.c.id,
        "collection": COLLECTION,
        "recognition_model": MODEL,
        "detection_model": _DETECTOR,
        "digest": _DIGEST,
        "embedding_norm": NORM,
    }
    # What is sealed is bound to an id, which is taken before.
    own: dict[str, sa.ColumnElement[Any]] = (
        {"id": FACE_ID, "sealed": _SEALED} if seals else {"embedding": VECTOR_GIVEN}
    )
    values = {**common, **own}
    new_face = upsert(face).from_select(list(values), sa.select(*values.values()).where(_fits))
    # The update changes nothing, but returns the face that has this photo.
    enrolled = (
        new_face.on_conflict_do_update(
            index_elements=["profile_id", "recognition_model", "detection_model", "digest"],
            index_where=face.c.digest.is_not(None),
            set_={"digest": new_face.excluded.digest},
        )
        .returning(face.c.id, _CREATED)
        .cte("enrolled")
    )
    crop = (
        sa.insert(face_crop)
        .from_select(
            ["face_id", "sealed" if seals else "image"],
            sa.select(enrolled.c.id, _CROP).where(enrolled.c.created, _CROP.is_not(None)),
        )
        .cte("crop")
    )
    one = sa.select(sa.literal(1)).subquery("one")
    return (
        sa.select(_collection.c.name, _fits, person.c.id, person.c.name, enrolled.c.id, enrolled.c.created)
        .select_from(
            one.outerjoin(_collection, sa.true()).outerjoin(person, sa.true()).outerjoin(enrolled, sa.true())
        )
        .add_cte(crop)
    )


LOCK_FOR_WRITES = sa.text("LOCK TABLE profile, face IN ROW EXCLUSIVE MODE")
"""As inserting does, but before an id is taken, so that no archive reserves it meanwhile."""
NEW_ID: TypedReturnsRows[int, bool] = selecting(
    f"{HELD_KEY} SELECT nextval(pg_get_serial_sequence('face', 'id')) AS id, {IN_USE}",
    id=sa.BigInteger,
    in_use=sa.Boolean,
)
"""And whether the key may seal, as HOLD_KEY has it."""

ENROL_BY_NAME = {seals: _enrol(_by_name, seals=seals) for seals in (False, True)}
ENROL_BY_ID = {seals: _enrol(_by_id, seals=seals) for seals in (False, True)}
"""By whether the face is sealed."""
