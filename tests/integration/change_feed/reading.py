"""A small gallery, statements that change it, and what a feed says of it."""

import numpy as np
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.change_feed import PostgresChangeFeed
from application.ports.change_feed import Changes, GalleryKey, SnapshotToken
from tests.contract.enrolment import SMALL

GALLERY = GalleryKey("default", SMALL, 3)
FACES = (
    "INSERT INTO face (profile_id, collection, recognition_model, detection_model, embedding)"
    " SELECT id, collection, 'small', 'd', '[1,0,0]' FROM profile WHERE name = :name"
)
PERSON = "INSERT INTO profile (collection, name) VALUES ('default', :name)"


async def ids(engine: AsyncEngine) -> list[int]:
    """Of all faces, by their names."""
    async with engine.connect() as connection:
        rows = "SELECT face.id FROM face JOIN profile ON profile.id = profile_id ORDER BY name, face.id"
        return list(await connection.scalars(text(rows)))


async def changes(feed: PostgresChangeFeed, since: SnapshotToken) -> Changes:
    found = (await feed.read(GALLERY, since, np.array([], dtype=np.int64))).changes
    assert found is not None
    return found


def ids_in(changes: Changes) -> tuple[set[int], set[int]]:
    return set(changes.faces.face_ids.tolist()), set(changes.removed.tolist())


async def paged(feed: PostgresChangeFeed, since: SnapshotToken) -> list[Changes]:
    return [page async for page in feed.pages(GALLERY, since)]


async def execute(connection: AsyncConnection, *statements: str, **values: object) -> None:
    for statement in statements:
        await connection.execute(text(statement), values)
