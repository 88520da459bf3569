"""Idempotency keys in PostgreSQL. Times are the server's."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.database import Database
from adapters.postgres.tables import idempotency
from application.ports.idempotency import LIFETIME, PATIENCE, Idempotency
from domain.errors import KeyInProgress, KeyReused

_KEY = sa.bindparam("this", type_=sa.Text)
_FINGERPRINT = sa.bindparam("request", type_=sa.LargeBinary)


_PURGE = sa.delete(idempotency).where(
    idempotency.c.begun_at <= sa.func.now() - sa.bindparam("lifetime", type_=sa.Interval)
)
_new = upsert(idempotency).values(key=_KEY, fingerprint=_FINGERPRINT)
_BEGIN = _new.on_conflict_do_update(
    index_elements=[idempotency.c.key],
    set_={"begun_at": sa.func.now()},
    where=sa.and_(
        idempotency.c.fingerprint == _FINGERPRINT,
        idempotency.c.body.is_(None),
        idempotency.c.begun_at <= sa.func.now() - sa.bindparam("patience", type_=sa.Interval),
    ),
).returning(idempotency.c.key)
"""A row if the request is to be carried out: the key is new, or its first request was lost."""

_READ = sa.select(idempotency.c.fingerprint, idempotency.c.body).where(idempotency.c.key == _KEY)
_FINISH = (
    sa.update(idempotency)
    .where(idempotency.c.key == _KEY)
    .values(body=sa.bindparam("answer", type_=sa.LargeBinary))
)
_FORGET = sa.delete(idempotency).where(idempotency.c.key == _KEY)


class PostgresIdempotency(Idempotency):
    """A row per key; expired rows are deleted when a request begins."""

    def __init__(
        self, engine: AsyncEngine, lifetime: timedelta = LIFETIME, patience: timedelta = PATIENCE
    ) -> None:
        self._database = Database(engine)
        self._lifetime = lifetime
        self._patience = patience

    @override
    async def begin(self, key: str, fingerprint: bytes) -> bytes | None:
        this = {"this": key}
        async with self._database.transaction(adds=True) as connection:
            await connection.execute(_PURGE, {"lifetime": self._lifetime})
            begun = await connection.scalar(
                _BEGIN, {**this, "request": fingerprint, "patience": self._patience}
            )
            if begun is not None:
                return None
            # The conflict has locked the row, so that it can't have been deleted.
            known, answer = (await connection.execute(_READ, this)).one()
        if known != fingerprint:
            raise KeyReused
        if answer is None:
            raise KeyInProgress
        return bytes(answer)

    @override
    async def finish(self, key: str, answer: bytes) -> None:
        await self._database.change(_FINISH, {"this": key, "answer": answer})

    @override
    async def forget(self, key: str) -> None:
        await self._database.change(_FORGET, {"this": key})
