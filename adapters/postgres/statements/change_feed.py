"""Changes of a gallery since a snapshot (application/ports/change_feed.py).

A snapshot token is a snapshot as the server writes it, with what is needed to tell whether it is valid here. A row
has changed if it was written by a transaction that the snapshot doesn't see, however long that took. The snapshot
of the statement that reads the changes is the next one.
"""

from sqlalchemy import text

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.common import DIMENSIONS_STORED, GATHERED

REMOVAL_RETENTION_DAYS = 7
"""How long the ids of removed faces are kept."""

MAX_SNAPSHOT_AGE_DAYS = 6
"""A day less, as a reading may take some time."""

# The server reads the cluster's identifier from a file each time. A session, which can't move to another database,
# remembers it.
_DATABASE = """coalesce(nullif(current_setting('face.database', true), ''), set_config('face.database', (
            SELECT concat_ws('/', system_identifier, oid) FROM pg_control_system(), pg_database
            WHERE datname = current_database()
        ), false))"""

# Differs for another cluster or database; for another timeline, which a promoted standby or a restore to a point in
# time begins; and for a table that was restored from a dump.
_SERVER = f"""server AS MATERIALIZED (
        SELECT concat_ws('/', {_DATABASE}, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
            CAST(CAST('face' AS regclass) AS oid)
        ) AS name
    )"""

_NOW = """(SELECT name FROM server) AS server, CAST(extract(epoch FROM now()) AS float8) AS seconds,
        CAST(pg_current_snapshot() AS text) AS snapshot"""

SINCE = "since AS MATERIALIZED (SELECT CAST(CAST(:since AS text) AS pg_snapshot) AS snapshot)"

# A server that was put back to an earlier state hasn't reached the snapshot yet.
_KNOWN = f"""(SELECT name FROM server) = CAST(:server AS text)
        AND extract(epoch FROM now()) - CAST(:seconds AS float8) < {MAX_SNAPSHOT_AGE_DAYS * 86400}
        AND pg_snapshot_xmax((SELECT snapshot FROM since)) <= pg_snapshot_xmax(pg_current_snapshot()) AS known"""

# Revisions in the future come from another server's dump.
CHANGED = """{0}.collection = :within AND {0}.recognition_model = :model
    AND {0}.revision >= pg_snapshot_xmin((SELECT snapshot FROM since))
    AND {0}.revision < pg_snapshot_xmax(pg_current_snapshot())
    AND NOT pg_visible_in_snapshot({0}.revision, (SELECT snapshot FROM since))"""

NOW = text(f"WITH {_SERVER} SELECT {_NOW}")
SNAPSHOT = CompiledStatement(NOW)

KNOWN = CompiledStatement(f"WITH {_SERVER}, {SINCE} SELECT {_KNOWN}")

GALLERIES = CompiledStatement(f"""
    SELECT collection, recognition_model, count(*), (
        SELECT {DIMENSIONS_STORED} FROM face AS one
        WHERE one.collection = face.collection AND one.recognition_model = face.recognition_model LIMIT 1
    )
    FROM face GROUP BY collection, recognition_model
    """)

REMOVED = CompiledStatement(f"""
    WITH {SINCE}
    SELECT ARRAY(SELECT face_id FROM removed_face WHERE {CHANGED.format("removed_face")}) AS removed
    """)

EMPTY_SNAPSHOT = "1:1:"
"""Sees no transaction at all."""

PAGE = CompiledStatement(f"""
    WITH {SINCE}
    SELECT {GATHERED}, (array_agg(revision))[count(*)] AS revision
    FROM (
        SELECT revision, id, profile_id, embedding, sealed
        FROM face
        WHERE face.collection = :within AND face.recognition_model = :model
            AND {DIMENSIONS_STORED} = :dimensions
            AND (face.revision, face.id) > (
                greatest(CAST(:revision AS xid8), pg_snapshot_xmin((SELECT snapshot FROM since))), :after)
            AND NOT pg_visible_in_snapshot(face.revision, (SELECT snapshot FROM since))
        ORDER BY face.revision, face.id LIMIT :limit
    ) AS page
    """)
"""Faces in the order of the transactions that wrote them."""

READ = CompiledStatement(f"""
    WITH {_SERVER}, {SINCE},
    -- In the order of an index, so that the planner, which can't know that there are few, uses it.
    changed AS MATERIALIZED (
        SELECT id, profile_id FROM face WHERE {CHANGED.format("face")} ORDER BY revision, id LIMIT :limit
    ),
    removed AS MATERIALIZED (
        SELECT face_id FROM removed_face WHERE {CHANGED.format("removed_face")}
        ORDER BY revision, face_id LIMIT :limit
    ),
    counted AS MATERIALIZED (SELECT count(*) AS changes FROM changed),
    found AS (
        SELECT face.id, profile.id AS profile_id, profile.name, face.detection_model,
            coalesce(face.sealed, vector_send(face.embedding)) AS vector, face.embedding_norm,
            face.id IN (SELECT id FROM changed) AS changed
        FROM profile JOIN face ON face.profile_id = profile.id
        WHERE profile.id = ANY (CAST(:people AS bigint[]) || ARRAY(
                SELECT DISTINCT profile_id FROM changed WHERE (SELECT changes FROM counted) < :limit
            ))
            AND face.collection = :within AND face.recognition_model = :model
    )
    SELECT {_NOW}, {_KNOWN}, EXISTS (SELECT FROM collection WHERE name = :within) AS collection_exists,
        (SELECT changes FROM counted) AS changes, ARRAY(SELECT face_id FROM removed) AS removed,
        CAST(NULL AS bigint) AS id, CAST(NULL AS bigint) AS profile_id, CAST(NULL AS text) AS name,
        CAST(NULL AS text) AS detection_model, CAST(NULL AS bytea) AS vector, CAST(NULL AS real) AS embedding_norm,
        false AS changed
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, found.* FROM found
    ORDER BY id NULLS FIRST
    """)
"""First a row with the snapshot and the removals; then a row for each face of the people asked for or changed.

With `limit` changes or more, faces of the former only.
"""

PRUNE = text(f"DELETE FROM removed_face WHERE removed_at < now() - interval '{REMOVAL_RETENTION_DAYS} days'")
