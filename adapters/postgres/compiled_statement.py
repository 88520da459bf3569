"""Statements that are compiled once and run by the driver, for what every recognition waits for."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import cast

import asyncpg
from sqlalchemy import ClauseElement, PoolProxiedConnection, QueuePool, text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi, PGCompiler_asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.util import greenlet_spawn

_DIALECT = make_url("postgresql+asyncpg://").get_dialect()()

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    AsyncAdapt_asyncpg_dbapi.Error,
    OSError,
    EOFError,
)
"""What connecting or a statement can fail with, besides the pool's SQLAlchemyError.

The dialect's own errors are those of connecting: only SQLAlchemy's own execution turns them into SQLAlchemyErrors.
"""


class DriverRow(asyncpg.Record):  # type: ignore[misc]
    """A row as the driver reads it, with its columns as attributes."""

    __slots__ = ()

    __getattr__ = asyncpg.Record.__getitem__


class CompiledStatement:
    """A statement with named parameters that may be repeated when the connection is lost.

    SQLAlchemy compiles it and lends the connection; its own execution takes longer than the server does.
    """

    def __init__(self, statement: ClauseElement | str) -> None:
        """Of SQL or of what SQLAlchemy makes of it; columns have the driver's types, whatever the statement says."""
        clause = text(statement) if isinstance(statement, str) else statement
        compiled = cast("PGCompiler_asyncpg", clause.compile(dialect=_DIALECT))
        bound = {name: compiled.binds[name] for name in compiled.positiontup or ()}
        self._sql = compiled.string
        self._constants = {name: value.value for name, value in bound.items() if not value.required}
        self._parameters = [
            (name, value.type.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name, value in bound.items()
        ]

    async def rows(
        self, engine: AsyncEngine, parameters: Mapping[str, object], limit_ms: int | None = None
    ) -> Sequence[DriverRow]:
        """All rows.

        Args:
            engine: lends the connection.
            parameters: the statement's.
            limit_ms: a statement timeout below the usual one; costs two more round trips.

        Raises:
            SQLAlchemyError, DRIVER_ERRORS: no connection can be had, the statement is refused, or the connection
                was lost twice.
        """
        given = {**self._constants, **parameters}
        arguments = [process(given[name]) if process else given[name] for name, process in self._parameters]
        return await self._fetched(engine, arguments, limit_ms)

    async def _fetched(
        self, engine: AsyncEngine, arguments: Sequence[object], limit_ms: int | None, *, again: bool = True
    ) -> Sequence[DriverRow]:
        connection = await lent(engine)
        driver = cast("asyncpg.Connection", connection.driver_connection)
        try:
            return await self._answer(driver, arguments, limit_ms)
        except BaseException as error:
            lost = driver.is_closed()
            if lost or not isinstance(error, asyncpg.PostgresError):
                # Its state is unknown, so that no other request may use it.
                await greenlet_spawn(connection.invalidate)
            if not (lost and again and isinstance(error, DRIVER_ERRORS)):
                raise
        finally:
            if isinstance(engine.sync_engine.pool, QueuePool):
                connection.close()
            else:  # which closes it indeed
                await greenlet_spawn(connection.close)
        return await self._fetched(engine, arguments, limit_ms, again=False)

    async def _answer(
        self, driver: "asyncpg.Connection", arguments: Sequence[object], limit_ms: int | None
    ) -> Sequence[DriverRow]:
        fetching = partial(driver.fetch, self._sql, *arguments, record_class=DriverRow)
        if limit_ms is None:
            return cast("Sequence[DriverRow]", await fetching())
        async with driver.transaction():
            await driver.execute(f"SET LOCAL statement_timeout = {limit_ms}")
            return cast("Sequence[DriverRow]", await fetching())


async def lent(engine: AsyncEngine) -> PoolProxiedConnection:
    """A connection of the pool, which takes it back when it is closed.

    One that is idle needs no greenlet, each of which maps memory for its stack and unmaps it again. The pool asks for
    a greenlet where it has to wait or to connect.
    """
    pool = engine.sync_engine.pool
    if isinstance(pool, QueuePool) and pool.checkedin():
        try:
            return engine.sync_engine.raw_connection()
        except MissingGreenlet:  # the server has closed it: it has to be replaced
            pass
    return await greenlet_spawn(engine.sync_engine.raw_connection)
