"""An import looks people and faces up by indexes, also in tables that have just grown from nothing."""

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.migrations import migrate
from adapters.postgres.statements import archive as statements
from application.ports.archive import FaceToRestore, PersonToRestore
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION

PAGE, PAGES = 1000, 5

PEOPLE = {"within": DEFAULT_COLLECTION, "ids": [1, 2, 3] * 300, "names": ["a", "b", "c"] * 300}
FACES = {
    "photographed": [1, 2] * 400,
    "digests": [b"1", b"2"] * 400,
    "people": [3] * 800,
    "vectors": [b""] * 800,
}


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [(statements.SAME_PEOPLE, PEOPLE), (statements.SAME_FACES, FACES)],
    ids=["people", "faces"],
)
async def test_nothing_is_scanned(
    engine: AsyncEngine, statement: TypedReturnsRows[*tuple[object, ...]], parameters: dict[str, object]
) -> None:
    await migrate(engine)
    archive, random = PgVectorArchive(engine), np.random.default_rng(1)
    for page in range(PAGES):
        ids = range(page * PAGE + 1, (page + 1) * PAGE + 1)
        people = [PersonToRestore(i, f"person {i}", {}) for i in ids]
        here = await archive.restore_people(DEFAULT_COLLECTION, people, keep_ids=True)
        assert [each.created for each in here] == [True] * PAGE
        faces = [
            FaceToRestore(i, i, "yunet", Embedding.of(random.standard_normal(8), "tiny"), None, None)
            for i in ids
        ]
        found = await archive.restore_faces(
            DEFAULT_COLLECTION, faces, [each.id for each in here], keep_ids=True
        )
        assert [each.created for each in found] == [True] * PAGE
    async with engine.connect() as connection:
        plan = "\n".join((await connection.scalars(text(f"EXPLAIN {statement}"), parameters)).all())
    assert "Seq Scan" not in plan
    lookups = [line for line in plan.splitlines() if "Index Cond" in line and "wanted" in line]
    assert len(lookups) == 2, plan
