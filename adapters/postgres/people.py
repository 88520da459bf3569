"""ProfileRepository and CollectionRepository on PostgreSQL."""

from sqlalchemy import Row
from typing_extensions import override

from adapters.postgres.database import FILTER_LIMIT_MS, PostgresAdapter
from adapters.postgres.rows import storable
from adapters.postgres.statements import people as statements
from application.ports.people import CollectionRepository, ProfileFilter, ProfileRepository
from domain.erasure import Removed
from domain.errors import CollectionExists, ProfileNotFound
from domain.metadata import Metadata
from domain.people import Collection, Profile, ProfileId
from domain.retention import KEEP, Retention, RetentionFrom

_BATCH = 2000
"""People per statement when a collection is deleted, so that no statement takes long."""


class PostgresProfiles(PostgresAdapter, ProfileRepository):
    """People."""

    @override
    async def create(self, collection: str, name: str, metadata: Metadata) -> Profile:
        parameters = {"within": collection, "person": name, "about": metadata}
        ((profile_id,),) = await self._database.write(statements.CREATE, parameters, adds=True)
        return Profile(profile_id, collection, name, dict(metadata), 0)

    @override
    async def get(self, collection: str, profile_id: ProfileId) -> Profile | None:
        rows = await self._database.read(statements.GET, {"within": collection, "profile": profile_id})
        return next(map(_profile, rows), None)

    @override
    async def find(self, collection: str, name: str) -> Profile | None:
        if not storable(name):
            return None
        rows = await self._database.read(statements.FIND, {"within": collection, "person": name})
        return next(map(_profile, rows), None)

    @override
    async def list(self, where: ProfileFilter, limit: int, after: ProfileId | None = None) -> list[Profile]:
        if not storable(where.prefix):
            return []
        page = statements.page(where, after)
        if where.metadata is None:
            rows = await self._database.read(page, {"limit": limit})
        else:
            rows = await self._database.read_within(FILTER_LIMIT_MS, page, {"limit": limit})
        return list(map(_profile, rows))

    @override
    async def update(
        self,
        collection: str,
        profile_id: ProfileId,
        name: str | None = None,
        metadata: Metadata | None = None,
    ) -> Profile | None:
        parameters = {"within": collection, "profile": profile_id, "person": name, "about": metadata}
        rows = await self._database.write(statements.UPDATE, parameters, adds=True)
        return next(map(_profile, rows), None)

    @override
    async def merge(self, collection: str, source: ProfileId, target: ProfileId) -> Profile:
        both = {"source": source, "target": target}
        async with self._database.transaction() as connection:
            people = {"within": collection, "people": [source, target]}
            locked = (await connection.scalars(statements.LOCK_PEOPLE, people)).all()
            if {source, target} != set(locked):
                raise ProfileNotFound
            if source != target:
                await connection.execute(statements.DELETE_COMMON_PHOTOS, both)
                await connection.execute(statements.MOVE_FACES, both)
                await connection.execute(statements.UNITE_METADATA, both)
                await connection.execute(statements.DELETE, {"within": collection, "profile": source})
            merged = await connection.execute(statements.GET, {"within": collection, "profile": target})
            return _profile(merged.one())

    @override
    async def delete(self, collection: str, profile_id: ProfileId) -> Removed | None:
        async with self._database.transaction() as connection:
            people = {"within": collection, "people": [profile_id]}
            if not (await connection.scalars(statements.LOCK_PEOPLE, people)).all():
                return None
            faces = await connection.execute(statements.DELETE_FACES, {"profile": profile_id})
            await connection.execute(statements.DELETE, {"within": collection, "profile": profile_id})
        return Removed(1, faces.rowcount)


class PostgresCollections(PostgresAdapter, CollectionRepository):
    """Collections."""

    @override
    async def create(self, name: str, retention: Retention = KEEP) -> Collection:
        parameters = {"within": name, **_rule(retention)}
        if not await self._database.write(statements.CREATE_COLLECTION, parameters, adds=True):
            raise CollectionExists
        return Collection(name, 0, retention)

    @override
    async def set_retention(self, name: str, retention: Retention) -> Collection | None:
        await self._database.change(statements.SET_RETENTION, {"within": name, **_rule(retention)})
        return await self.get(name)

    @override
    async def get(self, name: str) -> Collection | None:
        rows = await self._database.read(statements.GET_COLLECTION, {"within": name})
        return next(map(_collection, rows), None)

    @override
    async def exists(self, name: str) -> bool:
        return bool(await self._database.read(statements.COLLECTION_EXISTS, {"within": name}))

    @override
    async def list(self, limit: int, after: str | None = None) -> list[Collection]:
        place = {"after": after or "", "limit": limit}
        return list(map(_collection, await self._database.read(statements.COLLECTIONS, place)))

    @override
    async def delete(self, name: str) -> Removed | None:
        this = {"within": name}
        removed_people = removed_faces = 0
        async with self._database.transaction() as connection:
            if await connection.scalar(statements.LOCK_COLLECTION, this) is None:
                return None
            # Nobody can be added any more; those who are there are locked in the order of all locks.
            some = {**this, "limit": _BATCH}
            while people := (await connection.scalars(statements.LOCK_SOME, some)).all():
                faces = await connection.execute(statements.DELETE_FACES_OF_SOME, {"people": people})
                await connection.execute(statements.DELETE_SOME, {**this, "people": people})
                removed_people += len(people)
                removed_faces += faces.rowcount
            await connection.execute(statements.DELETE_COLLECTION, this)
        return Removed(removed_people, removed_faces)


def _rule(retention: Retention) -> dict[str, object]:
    return {"days": retention.days, "since": str(retention.since)}


def _collection(row: Row[str, int, int | None, str]) -> Collection:
    name, people, days, since = row
    return Collection(name, people, Retention(days, RetentionFrom(since)))


def _profile(row: Row[ProfileId, str, str, Metadata, int]) -> Profile:
    return Profile(*row)
