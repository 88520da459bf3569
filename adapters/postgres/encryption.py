"""StoredEncryption on PostgreSQL, and the check at the start that the keys are those of the database."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.database import Database
from adapters.postgres.rows import written
from adapters.postgres.sealed_columns import OPTION as SEALING
from adapters.postgres.statements import encryption as statements
from application.errors import StartupError
from application.ports.encryption import Encrypted, Part, Step, StoredEncryption
from application.ports.sealing import Kind, SealBroken, Sealing
from domain.errors import Unavailable
from domain.people import FaceId

_SETTING = "FACE_ENCRYPTION_KEY_FILE"
_PARTS = {Part.FACES: statements.FACES, Part.CROPS: statements.CROPS}
_ROWS = {Part.FACES: 1000, Part.CROPS: 200}
"""On a page: half a second at most, and some megabytes."""
_CHECK = b"face-api"


async def check_keys(engine: AsyncEngine, *, enrols: bool = True) -> None:
    """Check that there is every key that has sealed something, and remember the first if this process enrols.

    From then on, no process starts without it.

    Raises:
        StartupError: one is missing or wrong.
    """
    sealing: Sealing | None = engine.get_execution_options().get(SEALING)
    given = () if sealing is None else sealing.key_ids
    database = Database(engine)
    known = {bytes(key): bytes(value) for key, value in await database.read(statements.KEYS, {})}
    used = set(known)
    for part in _PARTS.values():
        used.update(bytes(row.id) for row in await database.fetch(part.used_keys, {}))
    if missing := sorted(used.difference(given)):
        key = missing[0].hex()
        which = (
            f"the key {key} is missing: it" if sealing is None else f"it has another key than {key}, which"
        )
        raise StartupError(f"{_SETTING}: {which} has encrypted embeddings in this database")
    if sealing is None:
        return
    for key_id, value in known.items():
        try:
            sealing.open(Kind.CHECK, key_id.hex(), value)
        except SealBroken:
            raise StartupError(
                f"{_SETTING}: the key {key_id.hex()} is not the one that has encrypted this database"
            ) from None
    first = sealing.key_ids[0]
    if enrols and first not in known:
        value = sealing.seal(Kind.CHECK, first.hex(), _CHECK)
        await database.change(statements.ADD_KEY, {"id": first, "check_value": value})


class PostgresEncryption(StoredEncryption):
    """A page is one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)
        sealing: Sealing | None = engine.get_execution_options().get(SEALING)
        self._first = b"" if sealing is None else sealing.key_ids[0]
        self.key = self._first.hex() or None

    @override
    async def counts(self) -> Sequence[Encrypted]:
        found = []
        for part, of in _PARTS.items():
            *sealed, everything = await self._database.fetch(of.counts, {})
            found += [Encrypted(part, bytes(row.id).hex(), row.count) for row in sealed]
            plain = everything.count - sum(row.count for row in sealed)
            found.append(Encrypted(part, None, plain))
        return [each for each in found if each.count]

    @override
    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        async with self._database.alone(statements.LOCK) as connection:
            yield connection is not None

    @override
    async def convert(self, part: Part, after: int, *, decrypt: bool) -> Step:
        of, changes, broken = _PARTS[part], list[dict[str, object]](), list[int]()
        parameters: dict[str, object] = {"after": after, "limit": _ROWS[part]}
        if not decrypt:
            parameters["first"] = self._first
        async with self._database.transaction(adds=True) as connection:
            rows = (await connection.execute(of.sealed if decrypt else of.plain, parameters)).all()
            for face_id, model, stored in rows:
                try:
                    changes.append(self._changed(part, FaceId(face_id), model, stored, decrypt=decrypt))
                except Unavailable:
                    broken.append(face_id)
            if changes:
                await connection.execute(of.unseal if decrypt else of.seal, changes)
        return Step(rows[-1][0] if rows else None, len(changes), broken)

    def _changed(
        self, part: Part, face_id: FaceId, model: str, stored: bytes, *, decrypt: bool
    ) -> dict[str, object]:
        columns = self._database.columns
        if part is Part.CROPS:
            crop = columns.crop(face_id, stored)
            new = {"crop": crop} if decrypt else {"new": columns.sealed_crop(face_id, crop)}
            return {"face": face_id, **new}
        vector = columns.vector(face_id, model, stored)
        if decrypt:
            return {"face": face_id, "vector": written(vector)}
        return {"face": face_id, "new": columns.sealed_vector(face_id, model, vector)}

    @override
    async def forget_keys(self, *, decrypt: bool) -> None:
        kept = [] if decrypt else [self._first]
        await self._database.change(statements.FORGET_KEYS, {"kept": kept})
