"""Cohorts of galleries: whom to draw, and what is read of them (application/ports/cohorts.py)."""

from typing import Any, cast

from sqlalchemy import BigInteger, Float, LargeBinary, column, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.compiled_statement import CompiledStatement

_COLUMNS = (
    column("version", BigInteger),
    column("people", BigInteger),
    column("age", Float),
    column("vectors", ARRAY(LargeBinary)),
)

_DRAW = text(
    """
    WITH place AS MATERIALIZED (
        SELECT name FROM collection WHERE name = :within FOR KEY SHARE
    ),
    -- By an index alone, as far as the table was vacuumed.
    enrolled AS MATERIALIZED (
        SELECT profile_id FROM face WHERE collection = :within AND recognition_model = :model GROUP BY profile_id
    ),
    chosen AS MATERIALIZED (
        SELECT profile_id FROM enrolled ORDER BY hashint8extended(profile_id, 0), profile_id LIMIT :most
    ),
    -- Through an array: whatever the server takes for best, for want of statistics, it reads no face twice.
    member AS MATERIALIZED (
        SELECT id, vector_send(embedding) AS vector
        FROM (
            SELECT DISTINCT ON (profile_id) id, embedding FROM face
            WHERE collection = :within AND recognition_model = :model
                AND profile_id = ANY (ARRAY(SELECT profile_id FROM chosen))
            ORDER BY profile_id, id
        ) AS first
    ),
    drawn AS (
        INSERT INTO gallery_cohort AS this (collection, recognition_model, people, faces)
        SELECT name, :model, (SELECT count(*) FROM enrolled), ARRAY(SELECT id FROM member ORDER BY id) FROM place
        ON CONFLICT (collection, recognition_model) DO UPDATE
        SET people = excluded.people, faces = excluded.faces, version = DEFAULT, drawn_at = DEFAULT
        RETURNING version, people
    )
    SELECT version, people, CAST(0 AS float8) AS age, ARRAY(SELECT vector FROM member ORDER BY id) AS vectors,
        -- Nobody waits for the disk: a cohort that a crash takes is drawn again.
        set_config('synchronous_commit', 'off', true)
    FROM drawn
    """
)
DRAW = CompiledStatement(cast("TypedReturnsRows[*tuple[Any, ...]]", _DRAW.columns(*_COLUMNS)))
"""No row if there is no such collection. Done twice, it draws the same people again."""

_LOAD = text(
    """
    SELECT version, people, CAST(extract(epoch FROM now() - drawn_at) AS float8) AS age,
        CASE WHEN version = CAST(:known AS bigint) AND there = CAST(:known_faces AS bigint) THEN NULL
        ELSE ARRAY(
            SELECT vector_send(embedding) FROM face WHERE id = ANY (faces) ORDER BY id
        ) END AS vectors
    FROM gallery_cohort CROSS JOIN LATERAL (
        -- By the index alone, as far as the table was vacuumed.
        SELECT count(*) AS there FROM unnest(faces) AS member (id)
        WHERE EXISTS (SELECT FROM face WHERE face.id = member.id)
    ) AS counted
    WHERE gallery_cohort.collection = :within AND gallery_cohort.recognition_model = :model
    """
)
LOAD = CompiledStatement(cast("TypedReturnsRows[*tuple[Any, ...]]", _LOAD.columns(*_COLUMNS)))
"""The vectors are NULL if they are known: of this version, and no face has been deleted since."""
