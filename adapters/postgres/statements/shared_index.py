"""What an index that several instances share asks for (application/ports/shared_index.py)."""

import sqlalchemy as sa

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.change_feed import CHANGED, SINCE
from adapters.postgres.statements.common import GALLERIES

LOCKS = {"follow": 0x_FACE_1DE0, "build": 0x_FACE_1DE1}
"""The keys of the advisory locks, by task."""

STILL_THERE = sa.select(sa.literal(1))

KEYS = CompiledStatement(f"""
    WITH {GALLERIES}
    SELECT collection, recognition_model, (
        SELECT vector_dims(embedding) FROM face
        WHERE face.collection = gallery.collection AND face.recognition_model = gallery.recognition_model LIMIT 1
    ) AS dimensions
    FROM gallery
""")

SIZE = CompiledStatement("""
    SELECT count(*) FROM (
        SELECT FROM face WHERE collection = :within AND recognition_model = :model LIMIT :limit
    ) AS counted
    """)

PEOPLE = CompiledStatement("""
    SELECT count(DISTINCT profile_id) FROM face WHERE collection = :within AND recognition_model = :model
    """)

FACES_AFTER = CompiledStatement("""
    SELECT array_agg(id) AS faces, array_agg(profile_id) AS people,
        string_agg(substring(vector_send(embedding) FROM 5), NULL) AS vectors
    FROM (
        SELECT id, profile_id, embedding FROM face
        WHERE collection = :within AND recognition_model = :model AND id > :after
            AND vector_dims(embedding) = :dimensions
        ORDER BY id LIMIT :limit
    ) AS page
    """)

EXAMINE = CompiledStatement(f"""
    WITH {SINCE}
    SELECT id, profile_id, substring(vector_send(embedding) FROM 5) AS vector,
        ({CHANGED.format("face")}) AS pending
    FROM face
    WHERE collection = :within AND recognition_model = :model AND id = ANY (CAST(:faces AS bigint[]))
        AND vector_dims(embedding) = :dimensions
    UNION ALL
    SELECT face_id, NULL, NULL, true FROM removed_face
    WHERE {CHANGED.format("removed_face")} AND face_id = ANY (CAST(:faces AS bigint[]))
    """)
"""A row for each face that is there, and one for each that was removed since the snapshot."""
