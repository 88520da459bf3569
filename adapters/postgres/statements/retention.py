"""Finding and deleting what is too old. Times are compared in the database."""

import sqlalchemy as sa

LOCK = 0x_FACE_0A6E
"""The key of the advisory lock of whoever deletes by age."""

# Locked in the order of all locks.
MATCHED = sa.text("""
    UPDATE profile SET last_matched_on = :day FROM (
        SELECT profile.id FROM profile JOIN collection ON collection.name = profile.collection
        WHERE profile.id = ANY(:people) AND collection.retention_from = 'last_match'
            AND (profile.last_matched_on IS NULL OR profile.last_matched_on < :day)
        ORDER BY profile.id FOR NO KEY UPDATE OF profile
    ) AS matched
    WHERE profile.id = matched.id
""").bindparams(sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger)), sa.bindparam("day", type_=sa.Date))

# A day is over at its end. Before `matches_since` nobody wrote matches down.
_AGES = """
    SELECT one.id, count(face.id) AS faces, count(face.id) FILTER (WHERE face.created_at < :before) AS old_faces,
        greatest(one.created_at, max(face.created_at)) < :before AS old_enrolment,
        greatest(one.created_at, max(face.created_at), CAST(one.last_matched_on + 1 AS timestamp) AT TIME ZONE 'UTC',
            one.matches_since) < :before AS old_match
    FROM ({people}) AS one LEFT JOIN face ON face.profile_id = one.id
    GROUP BY one.id, one.created_at, one.last_matched_on, one.matches_since ORDER BY one.id
"""
_PEOPLE = """
    SELECT profile.id, profile.created_at, profile.last_matched_on, collection.matches_since
    FROM profile JOIN collection ON collection.name = profile.collection WHERE profile.collection = :within
"""
_PARAMETERS = (
    sa.bindparam("within", type_=sa.Text),
    sa.bindparam("before", type_=sa.DateTime(timezone=True)),
)

AGES = sa.text(
    _AGES.format(people=f"{_PEOPLE} AND profile.id > :after ORDER BY profile.id LIMIT :limit")
).bindparams(
    *_PARAMETERS, sa.bindparam("after", type_=sa.BigInteger), sa.bindparam("limit", type_=sa.Integer)
)
AGES_OF = sa.text(_AGES.format(people=f"{_PEOPLE} AND profile.id = ANY(:people)")).bindparams(
    *_PARAMETERS, sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger))
)
"""By ascending id; `old_enrolment` and `old_match` say whether the whole person is too old."""

DELETE_OLD_FACES = sa.text(
    "DELETE FROM face WHERE profile_id = ANY(:people) AND created_at < :before RETURNING id"
).bindparams(
    sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger)),
    sa.bindparam("before", type_=sa.DateTime(timezone=True)),
)
DELETE_FACES = sa.text("DELETE FROM face WHERE profile_id = ANY(:people) RETURNING id").bindparams(
    sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger))
)
DELETE_WITHOUT_FACES = sa.text("""
    DELETE FROM profile WHERE id = ANY(:people) AND NOT EXISTS (SELECT FROM face WHERE profile_id = profile.id)
    RETURNING id
""").bindparams(sa.bindparam("people", type_=sa.ARRAY(sa.BigInteger)))
