"""Migrations of the schema with Alembic; it is changed in no other way."""

from pathlib import Path

from alembic import command, op
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, func, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.postgres.compiled_statement import DRIVER_ERRORS
from application.errors import StartupError

_LOCK = 0x_FACE_0DB
"""The key of the advisory lock that migrations take; it must never change."""

_REMOVED, _BEFORE_REMOVED = "0004", "0003"
"""A migration that repeated what 0001 does, and the one before it: to both belongs the same schema."""

_LOCK_TIMEOUT = "60s"
_CONNECT_TIMEOUT_S = 10

_NO_EXTENSION = "The database server does not have pgvector: install it there (the extension 'vector')."
_NO_ENTRY = "The database server refuses the user, the password, or the database's name."
_REASONS = {
    "0A000": _NO_EXTENSION,
    "58P01": _NO_EXTENSION,
    "42501": "The database role may not create the schema: have a superuser run CREATE EXTENSION vector"
    " in the database, and GRANT CREATE ON SCHEMA public TO the role.",
    "55P03": "Another process is migrating the database and does not come to an end.",
    "28P01": _NO_ENTRY,
    "28000": _NO_ENTRY,
    "3D000": "The database does not exist: create it, or correct its name.",
    "53100": "The database's disk is full (53100): make room there, then start again.",
}
"""By SQLSTATE (PostgreSQL's manual, appendix A)."""


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
            await connection.execute(select(func.set_config("lock_timeout", _LOCK_TIMEOUT, True)))  # noqa: FBT003
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            await connection.run_sync(_upgrade)
    except DBAPIError as error:
        raise _startup_error(error.orig) from error
    except (*DRIVER_ERRORS, SQLAlchemyError) as error:
        raise _startup_error(error) from error
    finally:
        await own.dispose()


def execute(script: str) -> None:
    """Execute the statements of a script, each of which ends with `;` at the end of a line."""
    for statement in filter(str.strip, script.split(";\n")):
        op.execute(statement)


def config(connection: Connection) -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config(connection)).walk_revisions()}
    current = set(MigrationContext.configure(connection).get_current_heads())
    if _REMOVED in current:
        connection.execute(
            text(f"UPDATE alembic_version SET version_num = '{_BEFORE_REMOVED}'")  # noqa: S608 - a constant
        )
    unknown = current - known - {_REMOVED}
    if unknown:
        raise StartupError(
            f"The database's schema ({', '.join(sorted(unknown))}) is newer than this program: upgrade it."
        )
    command.upgrade(config(connection), "head")


def _startup_error(error: BaseException | None) -> StartupError:
    state: str = getattr(error, "sqlstate", None) or "no connection"
    return StartupError(_REASONS.get(state, f"The database does not answer as it should ({state})."))
