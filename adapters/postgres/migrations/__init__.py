"""The schema's history, and the only way by which it changes."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.postgres.compiled_statement import DRIVER_ERRORS
from application.errors import StartupError

_LOCK = 0x_FACE_0DB
"""The key of the advisory lock that only migrations take: any number, for ever the same."""

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
}
"""By SQLSTATE (PostgreSQL's manual, appendix A)."""


async def migrate(engine: AsyncEngine) -> None:
    """Bring the schema to the newest revision, in one transaction; processes that start together queue.

    Raises:
        StartupError: no answer, no pgvector, not enough rights, or a schema newer than this program.
    """
    # An engine of its own: a migration may take longer than a request is allowed to.
    once = create_async_engine(
        engine.url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": _CONNECT_TIMEOUT_S},
    )
    try:
        async with once.begin() as connection:
            await connection.execute(select(func.set_config("lock_timeout", _LOCK_TIMEOUT, True)))  # noqa: FBT003
            await connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            await connection.run_sync(_upgrade)
    except DBAPIError as error:
        raise _startup_error(error.orig) from error
    except (*DRIVER_ERRORS, SQLAlchemyError) as error:
        raise _startup_error(error) from error
    finally:
        await once.dispose()


def config(connection: Connection) -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config(connection)).walk_revisions()}
    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise StartupError(
            f"The database's schema ({', '.join(sorted(unknown))}) is newer than this program: upgrade it."
        )
    command.upgrade(config(connection), "head")


def _startup_error(error: BaseException | None) -> StartupError:
    state: str = getattr(error, "sqlstate", None) or "no connection"
    return StartupError(_REASONS.get(state, f"The database does not answer as it should ({state})."))
