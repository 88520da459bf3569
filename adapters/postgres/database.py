"""How the adapters of this package talk to the server."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVarTuple

from sqlalchemy import Executable, Row, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.compiled_statement import DRIVER_ERRORS, CompiledStatement, DriverRow
from domain.errors import (
    CollectionNotFound,
    FaceServiceError,
    InvalidInput,
    NameTaken,
    ProfileNotFound,
    Unavailable,
)

FILTER_LIMIT_MS = 5000
"""A filter by metadata is compared with everybody's: what its values cost depends on theirs."""

Parameters: TypeAlias = Mapping[str, object]
_Columns = TypeVarTuple("_Columns")

_CONSTRAINTS: Mapping[str, type[FaceServiceError]] = {
    "profile_collection_name_key": NameTaken,
    "profile_collection_fkey": CollectionNotFound,
    "face_collection_profile_id_fkey": ProfileNotFound,
}


_LIMIT = text("SELECT set_config('statement_timeout', :limit, true)")

_DATA_EXCEPTION = "22"
"""The class of a character that the encoding doesn't have, of a number out of range, and the like."""


class Database:
    """Connections for reading, for single statements, and for transactions.

    A read is tried again once when its connection turns out to be dead; a write never is, because it may
    have been done. All that a server or the way to it can do wrong is Unavailable; a constraint that refuses
    is the domain's error, and a value that the server can't take is InvalidInput.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        # One statement is a transaction by itself, without the round trips of BEGIN and COMMIT.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """All rows."""
        try:
            return await self.write(statement, parameters)
        except Unavailable as error:
            if not (isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated):
                raise
            return await self.write(statement, parameters)

    async def read_within(
        self, limit_ms: int, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """All rows, if the server has them in time; it gives up by itself, whatever becomes of this process."""
        async with self.transaction() as connection:
            await connection.execute(_LIMIT, {"limit": str(limit_ms)})
            return (await connection.execute(statement, parameters)).all()

    async def fetch(
        self, query: CompiledStatement, parameters: Parameters, limit_ms: int | None = None
    ) -> Sequence[DriverRow]:
        """All rows, sooner."""
        try:
            return await query.rows(self._engine, parameters, limit_ms)
        except (SQLAlchemyError, *DRIVER_ERRORS) as error:
            raise _refusal(error) from error

    async def write(
        self, statement: TypedReturnsRows[*_Columns], parameters: Parameters
    ) -> Sequence[Row[*_Columns]]:
        """Carry out one statement, which is a transaction by itself; the rows that it returns."""
        async with _answering(self._single) as connection:
            return (await connection.execute(statement, parameters)).all()

    async def change(self, statement: Executable, parameters: Parameters) -> None:
        """Carry out one statement that returns nothing."""
        async with _answering(self._single) as connection:
            await connection.execute(statement, parameters)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Several statements: all or none."""
        async with _answering(self._engine) as connection, connection.begin():
            yield connection


@asynccontextmanager
async def _answering(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    try:
        async with engine.connect() as connection:
            try:
                yield connection
            except TimeoutError:
                # Nobody knows what has become of it: it must not serve the next request.
                await connection.invalidate()
                raise
    except (SQLAlchemyError, *DRIVER_ERRORS) as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> FaceServiceError:
    """What it means: a constraint speaks by its name, the server by SQLSTATE (PostgreSQL's manual, appendix A)."""
    reported = getattr(error, "orig", error)
    constraint: str | None = getattr(getattr(reported, "__cause__", None), "constraint_name", None)
    if constraint is not None and constraint in _CONSTRAINTS:
        return _CONSTRAINTS[constraint]()
    if str(getattr(reported, "sqlstate", None)).startswith(_DATA_EXCEPTION):
        return InvalidInput("The request has a value that can't be stored.")
    return Unavailable("The database does not answer.")
