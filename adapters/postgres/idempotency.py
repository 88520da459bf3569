"""Idempotency on PostgreSQL; times are the server's."""

from datetime import timedelta

from sqlalchemy import (
    Interval,
    LargeBinary,
    Text,
    and_,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.database import Database
from adapters.postgres.tables import idempotency
from application.ports.idempotency import LIFETIME, PATIENCE
from domain.errors import KeyInProgress, KeyReused

_KEY = bindparam("this", type_=Text)
_FINGERPRINT = bindparam("request", type_=LargeBinary)


_PURGE = delete(idempotency).where(
    idempotency.c.begun_at <= func.now() - bindparam("lifetime", type_=Interval)
)
_new = upsert(idempotency).values(key=_KEY, fingerprint=_FINGERPRINT)
_BEGIN = _new.on_conflict_do_update(
    index_elements=[idempotency.c.key],
    set_={"begun_at": func.now()},
    where=and_(
        idempotency.c.fingerprint == _FINGERPRINT,
        idempotency.c.body.is_(None),
        idempotency.c.begun_at <= func.now() - bindparam("patience", type_=Interval),
    ),
).returning(idempotency.c.key)
"""A row if the request is to be carried out: the key is new, or its request was lost."""

_SEE = select(idempotency.c.fingerprint, idempotency.c.body).where(idempotency.c.key == _KEY)
_FINISH = (
    update(idempotency).where(idempotency.c.key == _KEY).values(body=bindparam("answer", type_=LargeBinary))
)
_FORGET = delete(idempotency).where(idempotency.c.key == _KEY)


class PostgresIdempotency:
    """Implements Idempotency."""

    def __init__(
        self, engine: AsyncEngine, lifetime: timedelta = LIFETIME, patience: timedelta = PATIENCE
    ) -> None:
        self._database = Database(engine)
        self._lifetime = lifetime
        self._patience = patience

    async def begin(self, key: str, fingerprint: bytes) -> bytes | None:
        """See Idempotency.begin."""
        this = {"this": key}
        async with self._database.transaction() as connection:
            await connection.execute(_PURGE, {"lifetime": self._lifetime})
            begun = await connection.scalar(
                _BEGIN, {**this, "request": fingerprint, "patience": self._patience}
            )
            if begun is not None:
                return None
            # The key was locked by the attempt, so that nobody can have forgotten it.
            known, answer = (await connection.execute(_SEE, this)).one()
        if known != fingerprint:
            raise KeyReused
        if answer is None:
            raise KeyInProgress
        return bytes(answer)

    async def finish(self, key: str, answer: bytes) -> None:
        """See Idempotency.finish."""
        await self._database.change(_FINISH, {"this": key, "answer": answer})

    async def forget(self, key: str) -> None:
        """See Idempotency.forget."""
        await self._database.change(_FORGET, {"this": key})
