"""Drawing and loading cohorts (application/ports/cohorts.py)."""

from adapters.postgres.compiled_statement import CompiledStatement

_MEMBERS = """
    WITH place AS MATERIALIZED (
        SELECT name FROM collection WHERE name = :within FOR KEY SHARE
    ),
    -- An index-only scan, as far as the table was vacuumed.
    enrolled AS MATERIALIZED (
        SELECT profile_id FROM face WHERE collection = :within AND recognition_model = :model GROUP BY profile_id
    ),
    chosen AS MATERIALIZED (
        SELECT profile_id FROM enrolled ORDER BY hashint8extended(profile_id, 0), profile_id LIMIT :most
    ),
    -- Through an array, so that the planner looks faces up whatever its statistics say.
    member AS MATERIALIZED (
        SELECT id, coalesce(sealed, vector_send(embedding)) AS vector
        FROM (
            SELECT DISTINCT ON (profile_id) id, embedding, sealed FROM face
            WHERE collection = :within AND recognition_model = :model
                AND profile_id = ANY (ARRAY(SELECT profile_id FROM chosen))
            ORDER BY profile_id, id
        ) AS first
    )"""
_DRAWN = """CAST(0 AS float8) AS age, ARRAY(SELECT id FROM member ORDER BY id) AS members,
    ARRAY(SELECT vector FROM member ORDER BY id) AS vectors"""


DRAW = CompiledStatement(
    f"""{_MEMBERS},
    drawn AS (
        INSERT INTO gallery_cohort AS this (collection, recognition_model, people, faces)
        SELECT name, :model, (SELECT count(*) FROM enrolled), ARRAY(SELECT id FROM member ORDER BY id) FROM place
        ON CONFLICT (collection, recognition_model) DO UPDATE
        SET people = excluded.people, faces = excluded.faces, version = DEFAULT, drawn_at = DEFAULT
        RETURNING version, people
    )
    SELECT version, people, {_DRAWN},
        -- No need to wait for the disk: a cohort that is lost in a crash is drawn again.
        set_config('synchronous_commit', 'off', true)
    FROM drawn
    """
)
"""No row without such a collection. Repeating it draws the same people."""

DRAW_UNSTORED = CompiledStatement(
    f"{_MEMBERS} SELECT CAST(0 AS bigint) AS version, (SELECT count(*) FROM enrolled) AS people, {_DRAWN} FROM place"
)
"""As DRAW, but nothing is written. No stored cohort has version 0."""

LOAD = CompiledStatement(
    """
    SELECT version, people, CAST(extract(epoch FROM now() - drawn_at) AS float8) AS age,
        CASE WHEN known.same THEN NULL ELSE ARRAY(
            SELECT id FROM face WHERE id = ANY (faces) ORDER BY id
        ) END AS members,
        CASE WHEN known.same THEN NULL ELSE ARRAY(
            SELECT coalesce(sealed, vector_send(embedding)) FROM face WHERE id = ANY (faces) ORDER BY id
        ) END AS vectors
    FROM gallery_cohort CROSS JOIN LATERAL (
        -- An index-only scan, as far as the table was vacuumed.
        SELECT count(*) AS there FROM unnest(faces) AS member (id)
        WHERE EXISTS (SELECT FROM face WHERE face.id = member.id)
    ) AS counted CROSS JOIN LATERAL (
        SELECT coalesce(version = CAST(:known AS bigint) AND there = CAST(:known_faces AS bigint), false) AS same
    ) AS known
    WHERE gallery_cohort.collection = :within AND gallery_cohort.recognition_model = :model
    """
)
"""The vectors are NULL if the caller has them: the version is the same and no face was deleted since."""
