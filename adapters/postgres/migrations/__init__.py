"""Migrations of the schema with Alembic; it is changed in no other way.

Alembic is imported only where there is something to do: it takes a tenth of a start.
"""

from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, NullPool, column, func, select, table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.postgres.compiled_statement import DRIVER_ERRORS
from application.errors import StartupError

_LOCK = 0x_FACE_0DB
"""The key of the advisory lock that migrations take; it must never change."""

_LOCK_TIMEOUT = "60s"
_CONNECT_TIMEOUT_S = 10

_NO_EXTENSION = "The database server does not have pgvector: install it there (the extension 'vector')."
_NO_ENTRY = "FACE_DATABASE_URL: the database server refuses the user, the password, or the database's name."
_NO_CONNECTION = "no connection"
_REASONS = {
    _NO_CONNECTION: "FACE_DATABASE_URL: the database does not answer.",
    "0A000": _NO_EXTENSION,
    "58P01": _NO_EXTENSION,
    "42501": "The database role may not create the schema: have a superuser run CREATE EXTENSION vector"
    " in the database, and GRANT CREATE ON SCHEMA public TO the role.",
    "55P03": "Another process is migrating the database and does not come to an end.",
    "28P01": _NO_ENTRY,
    "28000": _NO_ENTRY,
    "3D000": "FACE_DATABASE_URL: the database does not exist: create it, or correct its name.",
    "53300": "FACE_DATABASE_URL: the database server has no connection left for this role (53300).",
    "25006": "FACE_DATABASE_URL: the database is read-only (25006), as a standby is.",
    "53100": "The database's disk is full (53100): make room there, then start again.",
}
"""By SQLSTATE (PostgreSQL's manual, appendix A), or where there is none."""


async def migrate(engine: AsyncEngine) -> None:
    """Upgrade the schema to the newest revision, in one transaction; concurrent calls wait for each other.

    Raises:
        StartupError: no answer, no pgvector, missing privileges, a full disk, or a schema newer than this program.
    """
    # Its own engine: a migration may take longer than the statement timeout of requests.
    own = create_async_engine(
        engine.url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": _CONNECT_TIMEOUT_S},
    )
    try:
        async with own.begin() as connection:
            if await connection.run_sync(revisions) == {newest_revision()}:
                return
            await connection.execute(select(func.set_config("lock_timeout", _LOCK_TIMEOUT, True)))  # noqa: FBT003
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            await connection.run_sync(import_module(f"{__name__}.upgrade").upgrade)
    except DBAPIError as error:
        raise _startup_error(error.orig) from error
    except (*DRIVER_ERRORS, SQLAlchemyError) as error:
        raise _startup_error(error) from error
    finally:
        await own.dispose()


def execute(script: str) -> None:
    """Execute the statements of a script, each of which ends with `;` at the end of a line."""
    operations = import_module("alembic.op")
    for statement in filter(str.strip, script.split(";\n")):
        operations.execute(statement)


def newest_revision() -> str:
    """The last of the migrations, by their files' names."""
    return max(path.stem[1:5] for path in Path(__file__).with_name("versions").glob("r[0-9]*.py"))


def revisions(connection: Connection) -> set[str]:
    """Those that the database's schema has: one, or none yet."""
    version = table("alembic_version", column("version_num"))
    if connection.scalar(select(func.to_regclass(version.name))) is None:
        return set()
    return set(connection.scalars(select(version.c.version_num)))


def _startup_error(error: BaseException | None) -> StartupError:
    state: str = getattr(error, "sqlstate", None) or _NO_CONNECTION
    return StartupError(_REASONS.get(state, f"The database does not answer as it should ({state})."))
