"""Reading the vectors of a gallery in bulk (application/ports/enrolled_vectors.py)."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.common import COLLECTION, DIMENSIONS_STORED, GATHERED
from adapters.postgres.statements.people import PEOPLE
from adapters.postgres.tables import profile

_GALLERY = f"""face.collection = :within AND face.recognition_model = :model
    AND {DIMENSIONS_STORED} = :dimensions"""

_GATHERED = f"SELECT {GATHERED}, array_agg(embedding_norm) AS norms"

COUNT = CompiledStatement(
    "SELECT count(*) AS faces FROM face WHERE collection = :within AND recognition_model = :model"
)
"""An index-only scan, as far as the table was vacuumed; faces of another length, which are rare, are counted too."""

PAGE = CompiledStatement(f"""{_GATHERED} FROM (
        SELECT id, profile_id, embedding, sealed, embedding_norm FROM face
        WHERE {_GALLERY} AND profile_id >= :person AND (profile_id, id) > (:person, :face)
        ORDER BY profile_id, id LIMIT :limit
    ) AS page
    """)

OF_PEOPLE = CompiledStatement(f"""{_GATHERED} FROM (
        SELECT first.* FROM unnest(CAST(:people AS bigint[])) AS person (id) CROSS JOIN LATERAL (
            SELECT id, profile_id, embedding, sealed, embedding_norm FROM face
            WHERE {_GALLERY} AND profile_id = person.id
            ORDER BY id LIMIT :limit
        ) AS first ORDER BY first.profile_id, first.id
    ) AS page
    """)

PROFILES = PEOPLE.where(
    profile.c.collection == COLLECTION,
    profile.c.id == sa.any_(sa.bindparam("people", type_=ARRAY(sa.BigInteger))),
)
