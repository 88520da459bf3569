"""People and collections."""

from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.postgres.statements.common import COLLECTION, LIMIT, PROFILE_ID
from adapters.postgres.tables import collection, face, profile
from application.ports.people import ProfileFilter
from domain.metadata import Metadata
from domain.people import ProfileId

People: TypeAlias = sa.Select[ProfileId, str, str, Metadata, int]

_PERSON = sa.bindparam("person", type_=sa.Text)
_METADATA = sa.bindparam("about", type_=JSONB(none_as_null=True))
_GREATEST_CHARACTER = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)

_faces = (
    sa.select(sa.func.count())
    .select_from(face)
    .where(face.c.collection == profile.c.collection, face.c.profile_id == profile.c.id)
    .scalar_subquery()
)
_columns = (profile.c.id, profile.c.collection, profile.c.name, profile.c.metadata)
_this = (profile.c.collection == COLLECTION, profile.c.id == PROFILE_ID)

PEOPLE: People = sa.select(*_columns, _faces)
"""The fields of Profile."""

GET = PEOPLE.where(*_this)
FIND = PEOPLE.where(profile.c.collection == COLLECTION, profile.c.name == _PERSON)


def page(where: ProfileFilter, after: ProfileId | None) -> People:
    """A page of people by ascending id."""
    found = PEOPLE.where(profile.c.collection == where.collection, profile.c.id > (after or 0))
    if where.prefix is not None:
        found = found.where(profile.c.name >= where.prefix)
    if end := _end_of(where.prefix or ""):
        found = found.where(profile.c.name < end)
    if where.metadata is not None:
        found = found.where(profile.c.metadata.contains(where.metadata))
    return found.order_by(profile.c.id).limit(LIMIT)


def _end_of(prefix: str) -> str:
    """The smallest text greater than all that begin with `prefix`, by code points; empty if there is none."""
    head = prefix.rstrip(chr(_GREATEST_CHARACTER))
    if not head:
        return ""
    following = ord(head[-1]) + 1
    return head[:-1] + chr(_SURROGATES[1] + 1 if following == _SURROGATES[0] else following)


CREATE = (
    sa.insert(profile).values(collection=COLLECTION, name=_PERSON, metadata=_METADATA).returning(profile.c.id)
)

UPDATE = (
    sa.update(profile)
    .where(*_this)
    .values(
        name=sa.func.coalesce(_PERSON, profile.c.name),
        metadata=sa.func.coalesce(_METADATA, profile.c.metadata),
    )
    .returning(*_columns, _faces)
)

_any_of_people = sa.any_(sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger)))

LOCK_PEOPLE = (
    sa.select(profile.c.id)
    .where(
        profile.c.collection == COLLECTION,
        profile.c.id == _any_of_people,
    )
    # All transactions lock in this order, so that there are no deadlocks.
    .order_by(profile.c.id)
    .with_for_update()
)

# -- merge

_source, _target = sa.bindparam("source", type_=sa.BigInteger), sa.bindparam("target", type_=sa.BigInteger)
_targets = face.alias("targets")
DELETE_COMMON_PHOTOS = sa.delete(face).where(
    face.c.profile_id == _source,
    _targets.c.profile_id == _target,
    *(_targets.c[column] == face.c[column] for column in ("digest", "recognition_model", "detection_model")),
)
MOVE_FACES = sa.update(face).where(face.c.profile_id == _source).values(profile_id=_target)
_from = profile.alias("source")
_metadata_of_source = sa.select(_from.c.metadata).where(_from.c.id == _source).scalar_subquery()
UNITE_METADATA = (
    sa.update(profile)
    .where(profile.c.id == _target)
    .values(metadata=_metadata_of_source.op("||")(profile.c.metadata))
)

# -- delete

DELETE_FACES = sa.delete(face).where(face.c.profile_id == PROFILE_ID)
DELETE = sa.delete(profile).where(*_this).returning(profile.c.id)

# -- collections

_profiles = (
    sa.select(sa.func.count())
    .select_from(profile)
    .where(profile.c.collection == collection.c.name)
    .scalar_subquery()
)
_retention = (collection.c.retention_days, collection.c.retention_from)
_collections = sa.select(collection.c.name, _profiles, *_retention)
"""Name, people, days and from when on they count."""
COLLECTIONS = (
    _collections.where(collection.c.name > sa.bindparam("after", type_=sa.Text))
    .order_by(collection.c.name)
    .limit(LIMIT)
)
COLLECTION_EXISTS = sa.select(collection.c.name).where(collection.c.name == COLLECTION)
GET_COLLECTION = _collections.where(collection.c.name == COLLECTION)
_DAYS, _FROM = sa.bindparam("days", type_=sa.Integer), sa.bindparam("since", type_=sa.Text)
_rule = {"retention_days": _DAYS, "retention_from": _FROM}
CREATE_COLLECTION = (
    upsert(collection)
    .values(name=COLLECTION, **_rule, matches_since=sa.case((_FROM == "last_match", sa.func.now())))
    .on_conflict_do_nothing()
    .returning(collection.c.name)
)
SET_RETENTION = (
    sa.update(collection)
    .where(collection.c.name == COLLECTION)
    .values(
        **_rule,
        matches_since=sa.case(
            (_FROM == "last_match", sa.func.coalesce(collection.c.matches_since, sa.func.now()))
        ),
    )
)
LOCK_COLLECTION = sa.select(collection.c.name).where(collection.c.name == COLLECTION).with_for_update()
LOCK_SOME = (
    sa.select(profile.c.id)
    .where(profile.c.collection == COLLECTION)
    .order_by(profile.c.id)
    .limit(LIMIT)
    .with_for_update()
)
DELETE_FACES_OF_SOME = sa.delete(face).where(face.c.profile_id == _any_of_people)
DELETE_SOME = sa.delete(profile).where(
    sa.and_(profile.c.collection == COLLECTION, profile.c.id == _any_of_people)
)
DELETE_COLLECTION = sa.delete(collection).where(collection.c.name == COLLECTION)
