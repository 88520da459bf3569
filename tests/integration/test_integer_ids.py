"""The migration from UUIDs to integers: a database of the schema before has everything afterwards."""

import hashlib
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.migrations import migrate
from adapters.postgres.statements import change_feed as statements
from application.ports.change_feed import GalleryKey
from application.ports.faces import FaceFilter, NewFace
from tests.contract.enrolment import SMALL, at, search
from tests.contract.storage import on_postgres
from tests.integration.test_migrations import differences_in, to

PEOPLE_0003 = """
    INSERT INTO profile (id, collection, name, metadata)
    SELECT gen_random_uuid(), home, name, jsonb_build_object('was', name)
    FROM (VALUES ('default', 'Ann'), ('default', 'Bob'), ('staff', 'Ann'), ('default', 'Gone')) AS given (home, name)
"""
FACES_0003 = """
    INSERT INTO face (id, profile_id, collection, recognition_model, detection_model, digest, embedding)
    SELECT gen_random_uuid(), profile.id, collection, 'small', 'detector',
        CASE WHEN angle < 60 THEN sha256(CAST(concat(collection, name, angle) AS bytea)) END,
        CAST(ARRAY[cos(radians(angle)), sin(radians(angle)), 0] AS vector)
    FROM profile, (VALUES (0), (30), (60)) AS given (angle)
    WHERE name <> 'Bob' OR angle = 30
"""
CROPS_0003 = """
    INSERT INTO face_crop (face_id, image) SELECT id, CAST(concat('crop of ', number) AS bytea)
    FROM face WHERE digest IS NOT NULL
"""
ANSWER_0003 = "INSERT INTO idempotency (key, fingerprint, status, body) VALUES ('key', '\\x00', 200, '{}')"
STORED = """
    SELECT face.{id}, profile.{id}, collection, name, metadata, recognition_model, detection_model, digest,
        vector_send(embedding), face.created_at, revision, (SELECT image FROM face_crop WHERE face_id = face.id)
    FROM face JOIN profile USING (collection) WHERE profile.id = profile_id ORDER BY face.{id}
"""


@pytest.fixture
async def with_uuids(engine: AsyncEngine) -> AsyncEngine:
    """Of revision 0004: people with several faces, crops, an answer that is kept; one who has gone."""
    async with engine.begin() as connection:
        await connection.run_sync(to("0003"))
        # As released versions left it: of 0004, which changed nothing and was removed.
        await connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
        await connection.execute(text("INSERT INTO collection (name) VALUES ('staff')"))
        for statement in (PEOPLE_0003, FACES_0003, CROPS_0003, ANSWER_0003):
            await connection.execute(text(statement))
        (gone,) = await connection.execute(text("SELECT id FROM profile WHERE name = 'Gone'"))
        for statement in ("DELETE FROM face WHERE profile_id = :id", "DELETE FROM profile WHERE id = :id"):
            await connection.execute(text(statement), {"id": gone.id})
    return engine


async def stored(engine: AsyncEngine, key: str) -> list[tuple[object, ...]]:
    """All that is kept of faces and their people, in the order of `key`."""
    # Connections remember statements of another schema.
    await engine.dispose()
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(STORED.format(id=key)))]


class TestIntegerIds:
    async def test_every_face_comes_along_under_its_number(self, with_uuids: AsyncEngine) -> None:
        before = await stored(with_uuids, "number")
        assert len(before) == 7
        await migrate(with_uuids)
        assert await stored(with_uuids, "id") == before
        assert await differences_in(with_uuids) == []

    async def test_every_face_answers(self, with_uuids: AsyncEngine) -> None:
        await migrate(with_uuids)
        storage = on_postgres(with_uuids)
        for home, people in {"default": {"Ann": 3, "Bob": 1}, "staff": {"Ann": 3}}.items():
            faces = await storage.faces.list(FaceFilter(home), 10)
            assert Counter(face.name for face in faces) == people
            crops = {each.face.id: each.crop for each in await storage.archive.faces(home, 10)}
            for face in faces:
                ((candidate, *_),) = [(await search(storage, at(0), 1, collection=home)).candidates]
                assert (candidate.name, candidate.faces[0].collection) == ("Ann", home)
                assert await storage.faces.get(home, face.id) == face
                assert crops[face.id] in {None, f"crop of {face.id}".encode()}
            assert sum(crop is not None for crop in crops.values()) == len(faces) - 1

    async def test_the_same_photo_is_still_known(self, with_uuids: AsyncEngine) -> None:
        await migrate(with_uuids)
        storage = on_postgres(with_uuids)
        digest = hashlib.sha256(b"defaultAnn0").digest()
        again = await storage.faces.add(NewFace("default", "Ann", at(0), "detector", digest))
        assert not again.created

    async def test_later_ids_are_greater_than_any_that_was_given(self, with_uuids: AsyncEngine) -> None:
        await migrate(with_uuids)
        # The one who has gone was the last.
        face = (await on_postgres(with_uuids).faces.add(NewFace("default", "New", at(0), "detector"))).face
        assert (face.id, face.profile_id) == (11, 5)

    async def test_what_indexes_have_read_holds(self, with_uuids: AsyncEngine) -> None:
        """Snapshots, ids and revisions are the same, and the migration itself is no change."""
        async with with_uuids.connect() as connection:
            now = (await connection.execute(statements.NOW)).one()
        await migrate(with_uuids)
        source = PostgresChangeFeed(with_uuids)
        snapshot = f"{now.server} {now.seconds} {now.snapshot}"
        gallery = GalleryKey("default", SMALL, 3)
        assert (await source.read(gallery, snapshot, np.array([], dtype=np.int64))).unchanged
        (gone,) = await on_postgres(with_uuids).faces.list(FaceFilter("default", "Bob"), 2)
        await on_postgres(with_uuids).faces.delete("default", gone.id)
        changes = (await source.read(gallery, snapshot, np.array([], dtype=np.int64))).changes
        assert changes is not None
        assert changes.removed.tolist() == [gone.id]

    async def test_kept_answers_go(self, with_uuids: AsyncEngine) -> None:
        await migrate(with_uuids)
        async with with_uuids.connect() as connection:
            assert await connection.scalar(text("SELECT count(*) FROM idempotency")) == 0
