"""Liveness sessions in PostgreSQL. Times are the server's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import msgspec
import numpy as np
import sqlalchemy as sa
from typing_extensions import override

from adapters.postgres.database import PostgresAdapter
from adapters.postgres.rows import storable
from adapters.postgres.tables import liveness_session
from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from domain.faces import Embedding
from domain.liveness.errors import LivenessSessionNotFound, TooManyLivenessSessions
from domain.liveness.session import LivenessSession, SessionState
from domain.models import ModelChoice

_LOCK = 0x6C69_7665
"""The key of the advisory lock under which sessions are counted and begun."""

_now = sa.func.clock_timestamp()
_sessions = liveness_session.c
_age = sa.extract("epoch", _now - _sessions.begun_at).cast(sa.Float)
_READ = sa.select(
    _sessions.nonce,
    _sessions.detection_model,
    _sessions.recognition_model,
    _sessions.progress,
    _sessions.views,
    _age.label("age"),
).where(_sessions.id == sa.bindparam("this", type_=sa.Text), _sessions.expires_at > _now)
_READ_LOCKED = _READ.with_for_update()
_SERIALISE = sa.select(sa.func.pg_advisory_xact_lock(_LOCK))
_COUNT = sa.select(sa.func.count()).select_from(liveness_session).where(_sessions.expires_at > _now)
_PURGE = sa.delete(liveness_session).where(_sessions.expires_at <= _now).returning(_sessions.id)


class PostgresLivenessSessions(PostgresAdapter, LivenessSessionStore):
    """A row per session, locked while it is changed."""

    @override
    async def begin(self, session: StoredSession, lifetime_s: float, most: int) -> None:
        row = sa.insert(liveness_session).values(
            id=session.id,
            nonce=session.nonce,
            detection_model=session.models.detection,
            recognition_model=session.models.recognition,
            begun_at=_now,
            expires_at=_now + timedelta(seconds=lifetime_s),
            **self._written(session.id, session.session),
        )
        async with self._database.transaction() as connection:
            await connection.execute(_SERIALISE)
            await connection.execute(_PURGE)
            if (await connection.scalar(_COUNT) or 0) >= most:
                raise TooManyLivenessSessions
            await connection.execute(row)

    @override
    async def find(self, session_id: str) -> StoredSession:
        if not storable(session_id):
            raise LivenessSessionNotFound
        rows = await self._database.read(_READ, {"this": session_id})
        if not rows:
            raise LivenessSessionNotFound
        return self._stored(session_id, rows[0])

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
            row = (await connection.execute(_READ_LOCKED, {"this": session_id})).one_or_none()
            if row is None:
                raise LivenessSessionNotFound
            before = self._stored(session_id, row)
            after = change(before)
            values = self._written(session_id, after)
            if lifetime_s is not None and before.session.state is not after.state is SessionState.PASSED:
                values["expires_at"] = _now + timedelta(seconds=lifetime_s)
            change_row = sa.update(liveness_session).where(_sessions.id == session_id).values(values)
            await connection.execute(change_row)
        return replace(before, session=after)

    @override
    async def purge(self) -> int:
        return len(await self._database.write(_PURGE, {}))

    def _written(self, session_id: str, session: LivenessSession) -> dict[str, object]:
        vectors = b"".join(view.vector.astype("<f4").tobytes() for view in session.views)
        progress = msgspec.json.encode(replace(session, views=()))
        return {"progress": progress, "views": self._database.columns.stored_views(session_id, vectors)}

    def _stored(self, session_id: str, row: sa.Row[str, str, str, bytes, bytes, float]) -> StoredSession:
        models = ModelChoice(row.detection_model, row.recognition_model)
        session: LivenessSession = msgspec.json.decode(row.progress, type=LivenessSession, dec_hook=_no_array)
        views = self._database.columns.views(session_id, row.views)
        # The face from the front, then one view per movement that was made.
        vectors = np.frombuffer(views, "<f4").reshape(session.done + 1, -1) if views else ()
        embeddings = tuple(Embedding(vector.astype(np.float32), models.recognition) for vector in vectors)
        return StoredSession(session_id, row.nonce, models, replace(session, views=embeddings), row.age)


def _no_array(kind: type, _value: object) -> object:
    raise NotImplementedError(kind)
