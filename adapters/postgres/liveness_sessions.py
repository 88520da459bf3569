"""Liveness sessions on PostgreSQL; times are the server's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
from sqlalchemy import (
    Float,
    Interval,
    LargeBinary,
    Row,
    Text,
    bindparam,
    case,
    delete,
    extract,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from adapters.postgres.database import Database
from adapters.postgres.rows import storable
from adapters.postgres.tables import liveness_session
from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from domain.faces import Embedding
from domain.liveness_errors import LivenessSessionNotFound, TooManyLivenessSessions
from domain.liveness_session import LivenessSession, SessionState
from domain.models import ModelChoice

_LOCK = 0x6C69_7665
"""Of the advisory lock under which sessions are counted and begun."""

_now = func.clock_timestamp()
_sessions = liveness_session.c
_age = extract("epoch", _now - _sessions.begun_at).cast(Float)
_SEE = select(
    _sessions.nonce,
    _sessions.detection_model,
    _sessions.recognition_model,
    _sessions.progress,
    _sessions.views,
    _age.label("age"),
).where(_sessions.id == bindparam("this", type_=Text), _sessions.expires_at > _now)
_TAKE = _SEE.with_for_update()
_SERIALISE = select(func.pg_advisory_xact_lock(_LOCK))
_COUNT = select(func.count()).select_from(liveness_session).where(_sessions.expires_at > _now)
_BEGIN = insert(liveness_session).values(
    id=bindparam("this", type_=Text),
    nonce=bindparam("secret", type_=Text),
    detection_model=bindparam("detection", type_=Text),
    recognition_model=bindparam("recognition", type_=Text),
    progress=bindparam("measured", type_=LargeBinary),
    views=bindparam("vectors", type_=LargeBinary),
    begun_at=_now,
    expires_at=_now + bindparam("lifetime", type_=Interval),
)
_lifetime = bindparam("lifetime", type_=Interval)
_KEEP = (
    update(liveness_session)
    .where(_sessions.id == bindparam("this", type_=Text))
    .values(
        progress=bindparam("measured", type_=LargeBinary),
        views=bindparam("vectors", type_=LargeBinary),
        expires_at=case((_lifetime.is_(None), _sessions.expires_at), else_=_now + _lifetime),
    )
)
_PURGE = delete(liveness_session).where(_sessions.expires_at <= _now).returning(_sessions.id)


class PostgresLivenessSessions(LivenessSessionStore):
    """A row a session, locked while it is changed."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)

    @override
    async def begin(self, kept: StoredSession, lifetime_s: float, most: int) -> None:
        row = {
            "this": kept.id,
            "secret": kept.nonce,
            "detection": kept.models.detection,
            "recognition": kept.models.recognition,
            "lifetime": timedelta(seconds=lifetime_s),
            **_written(kept.session),
        }
        async with self._database.transaction() as connection:
            await connection.execute(_SERIALISE)
            await connection.execute(_PURGE)
            if (await connection.scalar(_COUNT) or 0) >= most:
                raise TooManyLivenessSessions
            await connection.execute(_BEGIN, row)

    @override
    async def find(self, session_id: str) -> StoredSession:
        if not storable(session_id):
            raise LivenessSessionNotFound
        rows = await self._database.read(_SEE, {"this": session_id})
        if not rows:
            raise LivenessSessionNotFound
        return _kept(session_id, rows[0])

    @override
    async def change(
        self,
        session_id: str,
        change: Callable[[StoredSession], LivenessSession],
        lifetime_s: float | None = None,
    ) -> StoredSession:
        if not storable(session_id):
            raise LivenessSessionNotFound
        async with self._database.transaction() as connection:
            row = (await connection.execute(_TAKE, {"this": session_id})).one_or_none()
            if row is None:
                raise LivenessSessionNotFound
            before = _kept(session_id, row)
            after = change(before)
            passed = before.session.state is not after.state is SessionState.PASSED
            longer = None if lifetime_s is None or not passed else timedelta(seconds=lifetime_s)
            await connection.execute(_KEEP, {"this": session_id, "lifetime": longer, **_written(after)})
        return replace(before, session=after)

    @override
    async def purge(self) -> int:
        return len(await self._database.write(_PURGE, {}))


def _written(session: LivenessSession) -> dict[str, object]:
    vectors = b"".join(view.vector.astype("<f4").tobytes() for view in session.views)
    measured = msgspec.json.encode(replace(session, views=()))
    return {"measured": measured, "vectors": vectors}


def _kept(session_id: str, row: Row[str, str, str, bytes, bytes, float]) -> StoredSession:
    models = ModelChoice(row.detection_model, row.recognition_model)
    session: LivenessSession = msgspec.json.decode(row.progress, type=LivenessSession, dec_hook=_no_array)
    # The face from the front, then one view a movement that was made.
    vectors = np.frombuffer(row.views, "<f4").reshape(session.done + 1, -1) if row.views else ()
    views = tuple(Embedding(vector.astype(np.float32), models.recognition) for vector in vectors)
    return StoredSession(session_id, row.nonce, models, replace(session, views=views), row.age)


def _no_array(kind: type, _value: object) -> object:
    raise NotImplementedError(kind)
