"""Executes statements for the adapters of this package, and translates what goes wrong."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVarTuple

from sqlalchemy import BigInteger, Executable, Row, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.compiled_statement import DRIVER_ERRORS, CompiledStatement, DriverRow
from adapters.postgres.disk_space import OPTION, DiskSpace
from adapters.postgres.sealed_columns import OPTION as SEALING
from adapters.postgres.sealed_columns import SealedColumns
from application.stages import Stage, stage
from domain.errors import (
    CollectionNotFound,
    FaceServiceError,
    InvalidInput,
    NameTaken,
    ProfileNotFound,
    StorageFull,
    Unavailable,
)

FILTER_LIMIT_MS = 5000
"""Statement timeout of filters by metadata, whose cost depends on the values of the client and of the people."""


Parameters: TypeAlias = Mapping[str, object]
_Columns = TypeVarTuple("_Columns")

_CONSTRAINTS: Mapping[str, type[FaceServiceError]] = {
    "profile_collection_name_key": NameTaken,
    "profile_collection_fkey": CollectionNotFound,
    "face_collection_profile_id_fkey": ProfileNotFound,
}

_TRY_LOCK = select(func.pg_try_advisory_xact_lock(bindparam("key", type_=BigInteger)))
_SET_TIMEOUT = text("SELECT set_config('statement_timeout', :limit, true)")

# SQLSTATE: PostgreSQL's manual, appendix A.
_DATA_EXCEPTION = "22"
"""The class of characters that the encoding doesn't have, numbers out of range, and the like."""
_DISK_FULL = "53100"
_MAY_NOT_WRITE = ("25006", "42501")
_IO_ERROR = "58030"
READ_ONLY = "The database is read-only for this service."
_NO_ROOM = ("No space left on device", "Disk quota exceeded")


class Database:
    """Connections for reads, single writes and transactions.

    A read is repeated once if its connection turns out to be dead; a write never is, because it may have been
    done. A constraint that refuses is the domain's error, a value that the server can't store InvalidInput, no
    room on its disk StorageFull, and every other failure of the server or the connection Unavailable.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # One statement is a transaction by itself, without the round trips of BEGIN and COMMIT.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.disk_space: DiskSpace = engine.get_execution_options().get(OPTION) or DiskSpace()
        self.columns = SealedColumns(engine.get_execution_options().get(SEALING))

    async def read(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """All rows."""
        try:
            return await self._rows(statement, parameters)
        except Unavailable as error:
            if not (isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated):
                raise
            return await self._rows(statement, parameters)

    async def read_within(
        self, limit_ms: int, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """All rows; the server itself cancels the statement at the limit, whatever becomes of this process."""
        async with self._connected(self._engine) as connection, connection.begin():
            await connection.execute(_SET_TIMEOUT, {"limit": str(limit_ms)})
            return (await connection.execute(statement, parameters)).all()

    async def fetch(
        self, query: CompiledStatement, parameters: Parameters, limit_ms: int | None = None
    ) -> Sequence[DriverRow]:
        """All rows of a compiled statement, without SQLAlchemy's overhead."""
        try:
            with stage(Stage.DATABASE):
                return await query.rows(self._engine, parameters, limit_ms)
        except (SQLAlchemyError, *DRIVER_ERRORS) as error:
            raise self._translated(error) from error

    async def write(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters, *, adds: bool = False
    ) -> Sequence[Row[*_Columns]]:
        """Execute one statement as a transaction and return its rows; for `adds` see DiskSpace.require."""
        self.disk_space.require(adds=adds)
        return await self._rows(statement, parameters)

    async def change(self, statement: Executable, parameters: Parameters) -> None:
        """Execute one statement that adds nothing and returns nothing, as a transaction."""
        self.disk_space.require(adds=False)
        async with self._connected(self._single) as connection:
            await connection.execute(statement, parameters)

    @asynccontextmanager
    async def transaction(self, *, adds: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection for several statements, all or none of which take effect."""
        self.disk_space.require(adds=adds)
        async with self._connected(self._engine) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def alone(self, lock: int) -> AsyncIterator[AsyncConnection | None]:
        """The connection that an advisory lock of this key hangs on, until the end; None if another one has it."""
        async with self.transaction() as connection:
            yield connection if await connection.scalar(_TRY_LOCK, {"key": lock}) else None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[AsyncConnection]:
        """A connection that sees what is stored at its first statement, whatever others change meanwhile."""
        engine = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, postgresql_deferrable=False
        )
        async with self._connected(engine) as connection, connection.begin():
            yield connection

    async def _rows(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        async with self._connected(self._single) as connection:
            return (await connection.execute(statement, parameters)).all()

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            with stage(Stage.DATABASE):
                async with engine.connect() as connection:
                    try:
                        yield connection
                    except TimeoutError:
                        # Its state is unknown: it must not serve the next request.
                        await connection.invalidate()
                        raise
        except (SQLAlchemyError, *DRIVER_ERRORS) as error:
            raise self._translated(error) from error

    def _translated(self, error: Exception) -> FaceServiceError:
        reported = getattr(error, "orig", error)
        constraint = str(getattr(getattr(reported, "__cause__", None), "constraint_name", None))
        if constraint in _CONSTRAINTS:
            return _CONSTRAINTS[constraint]()
        state = str(getattr(reported, "sqlstate", None))
        if state == _DISK_FULL or (state == _IO_ERROR and any(words in str(reported) for words in _NO_ROOM)):
            self.disk_space.report_full()
            return StorageFull()
        if state.startswith(_DATA_EXCEPTION):
            return InvalidInput("The request has a value that can't be stored.")
        if state in _MAY_NOT_WRITE:
            return Unavailable(READ_ONLY)
        return Unavailable("The database does not answer.")


class PostgresAdapter:
    """What the adapters of this package have in common."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._database = Database(engine)
