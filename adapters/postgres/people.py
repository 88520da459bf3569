"""ProfileRepository and CollectionRepository on PostgreSQL."""

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.database import FILTER_LIMIT_MS, Database
from adapters.postgres.rows import storable
from adapters.postgres.statements import people as statements
from application.ports.people import ProfileFilter
from domain.errors import CollectionExists, ProfileNotFound
from domain.metadata import Metadata
from domain.people import Collection, Profile, ProfileId

_BATCH = 2000
"""So many people go in one statement when a collection goes, for a statement may not take long."""


class PostgresProfiles:
    """Implements ProfileRepository."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        """See ProfileRepository.create."""
        ((profile_id,),) = await self._database.write(
            statements.CREATE, {"within": collection, "person": name, "about": metadata}
        )
        return Profile(profile_id, collection, name, dict(metadata), 0)

    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        """See ProfileRepository.get."""
        rows = await self._database.read(statements.GET, {"within": collection, "profile": profile_id})
        return next(map(_profile, rows), None)

    async def find(self, collection: str, name: str) -> Profile | None:
        """See ProfileRepository.find."""
        if not storable(name):
            return None
        rows = await self._database.read(statements.FIND, {"within": collection, "person": name})
        return next(map(_profile, rows), None)

    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        """See ProfileRepository.list."""
        if not storable(where.prefix):
            return []
        page = statements.page(where, after)
        if where.metadata is None:
            rows = await self._database.read(page, {"limit": limit})
        else:
            rows = await self._database.read_within(FILTER_LIMIT_MS, page, {"limit": limit})
        return [_profile(row) for row in rows]

    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        """See ProfileRepository.update."""
        rows = await self._database.write(
            statements.UPDATE,
            {"within": collection, "profile": profile_id, "person": name, "about": metadata},
        )
        return next(map(_profile, rows), None)

    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        """See ProfileRepository.merge."""
        both = {"source": source, "target": target}
        async with self._database.transaction() as connection:
            people = {"within": collection, "people": [source, target]}
            locked = (await connection.scalars(statements.LOCK_PEOPLE, people)).all()
            if {source, target} != set(locked):
                raise ProfileNotFound
            if source != target:
                for step in (
                    statements.FORGET_COMMON_PHOTOS,
                    statements.GIVE_FACES,
                    statements.UNITE_METADATA,
                ):
                    await connection.execute(step, both)
                await connection.execute(statements.DELETE, {"within": collection, "profile": source})
            merged = await connection.execute(statements.GET, {"within": collection, "profile": target})
            return _profile(merged.one())

    async def delete(self, collection: str, profile_id: ProfileId) -> bool:
        """See ProfileRepository.delete."""
        this = {"within": collection, "profile": profile_id}
        async with self._database.transaction() as connection:
            people = {"within": collection, "people": [profile_id]}
            if not (await connection.scalars(statements.LOCK_PEOPLE, people)).all():
                return False
            await connection.execute(statements.DELETE_FACES, {"profile": profile_id})
            await connection.execute(statements.DELETE, this)
        return True


class PostgresCollections:
    """Implements CollectionRepository."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    async def create(self, name: str) -> Collection:
        """See CollectionRepository.create."""
        if not await self._database.write(statements.CREATE_COLLECTION, {"within": name}):
            raise CollectionExists
        return Collection(name, 0)

    async def get(self, name: str) -> Collection | None:
        """See CollectionRepository.get."""
        rows = await self._database.read(statements.GET_COLLECTION, {"within": name})
        return next((Collection(*row) for row in rows), None)

    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        """See CollectionRepository.list."""
        if after is None:
            rows = await self._database.read(statements.COLLECTIONS, {"limit": limit})
        else:
            rows = await self._database.read(statements.COLLECTIONS_AFTER, {"limit": limit, "after": after})
        return [Collection(*row) for row in rows]

    async def delete(self, name: str) -> bool:
        """See CollectionRepository.delete."""
        this = {"within": name}
        async with self._database.transaction() as connection:
            if await connection.scalar(statements.LOCK_COLLECTION, this) is None:
                return False
            # Nobody can come any more; those who are there are locked in the order of all locks.
            some = {**this, "limit": _BATCH}
            while people := (await connection.scalars(statements.LOCK_SOME, some)).all():
                await connection.execute(statements.DELETE_FACES_OF_SOME, {"people": people})
                await connection.execute(statements.DELETE_SOME, {**this, "people": people})
            await connection.execute(statements.DELETE_COLLECTION, this)
        return True


def _profile(row: Row[ProfileId, str, str, Metadata, int]) -> Profile:
    return Profile(*row)
