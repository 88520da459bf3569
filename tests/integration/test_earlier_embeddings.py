"""The migration of embeddings that are made otherwise now: they stay, under a name of their own."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.migrations import migrate
from application.ports.faces import FaceFilter
from domain.faces import Embedding
from tests.contract.enrolment import new, random_embedding
from tests.contract.storage import on_postgres
from tests.integration.test_migrations import differences_in, to

FACES_0006 = """
    WITH person AS (INSERT INTO profile (collection, name) VALUES ('default', 'Ann') RETURNING id)
    INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)
    SELECT id, 'default', model, 'yunet', '[1, 0, 0]'
    FROM person, (VALUES ('sface'), ('arcface')) AS of_models (model)
"""

FACES_0011 = """
    WITH person AS (INSERT INTO profile (collection, name) VALUES ('default', 'Ann') RETURNING id)
    INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding, embedding_norm)
    SELECT id, 'default', model, 'yunet', '[1, 0, 0]', 12
    FROM person, (VALUES ('sface@1'), ('sface'), ('arcface')) AS of_models (model)
"""
COHORTS_0011 = """
    INSERT INTO gallery_cohort (collection, recognition_model, people, faces)
    SELECT 'default', recognition_model, 1, ARRAY[id] FROM face WHERE recognition_model <> 'sface@1'
"""


@pytest.fixture
async def before(engine: AsyncEngine) -> AsyncEngine:
    """Of revision 0006: a person with a face of a recogniser that has changed, and one of another."""
    async with engine.begin() as connection:
        await connection.run_sync(to("0006"))
        await connection.execute(text(FACES_0006))
    return engine


async def test_they_are_listed_and_nothing_new_is_compared_with_them(before: AsyncEngine) -> None:
    await migrate(before)
    assert await differences_in(before) == []
    storage = on_postgres(before)
    faces = await storage.faces.list(FaceFilter(), 10)
    assert sorted(face.recognition_model for face in faces) == ["arcface", "sface@1"]
    probe = random_embedding(1, 3, "sface")
    assert (await storage.gallery.search(probe, "default", 1)).searched == 0


async def test_who_is_registered_again_keeps_their_id(before: AsyncEngine) -> None:
    await migrate(before)
    storage = on_postgres(before)
    earlier, _ = await storage.faces.list(FaceFilter(), 10)
    embedding = random_embedding(1, 3, "sface")
    again = await storage.faces.add(new("Ann", Embedding(embedding.vector, "sface", norm=12.5)))
    assert again.face.profile_id == earlier.profile_id
    (found,) = (await storage.gallery.search(embedding, "default", 1)).candidates
    assert (found.faces, found.norms) == ((again.face,), (12.5,))


async def test_those_of_the_version_before_have_another_name(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(to("0011"))
        await connection.execute(text(FACES_0011))
        await connection.execute(text(COHORTS_0011))
    await migrate(engine)
    storage = on_postgres(engine)
    faces = await storage.faces.list(FaceFilter(), 10)
    assert [face.recognition_model for face in faces] == ["sface@1", "sface@2", "arcface"]
    probe = random_embedding(1, 3, "sface")
    assert (await storage.gallery.search(probe, "default", 1)).searched == 0
    async with engine.connect() as connection:
        models = await connection.scalars(text("SELECT recognition_model FROM gallery_cohort"))
        assert models.all() == ["arcface"]
