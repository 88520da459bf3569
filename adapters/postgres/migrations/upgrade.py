"""What is done with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from adapters.postgres.migrations import revisions
from application.errors import StartupError

_REMOVED, _BEFORE_REMOVED = "0004", "0003"
"""A migration that repeated what 0001 does, and the one before it: to both belongs the same schema."""


def config(connection: Connection) -> Config:
    """Alembic's configuration, without a file."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> None:
    """Bring the schema to the newest revision.

    Raises:
        StartupError: it is newer than this program.
    """
    known = {script.revision for script in ScriptDirectory.from_config(config(connection)).walk_revisions()}
    current = revisions(connection)
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
