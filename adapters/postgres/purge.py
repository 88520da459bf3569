"""Removing the bytes of deleted rows from PostgreSQL's files.

VACUUM alone marks their space as free and leaves the bytes in it. VACUUM FULL writes each table, with its TOAST table
and indexes, anew, and removes the old files. ANALYZE has samples of names in pg_statistic, which is rewritten too.
Then the write-ahead log is switched to new segments, and a checkpoint removes the old ones.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from typing_extensions import override

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.database import Database
from adapters.postgres.tables import metadata
from application.errors import CommandError
from application.ports.purge import StoragePurge
from domain.errors import Unavailable

LOCK_WAIT_S = 30
"""For each table; whoever comes later waits behind."""
READERS_WAIT_S = 60.0
"""For readers of an older state, such as a backup that is being made."""
TABLE_S = 3600.0
"""For rewriting a table."""
_POLL_S = 0.2
_CONNECT_TIMEOUT_S = 10
_ROUNDS = 3
"""Checkpoints that may be needed, as other processes write meanwhile."""
_CLEARS_STATISTICS = 18
"""The version since which the statistics of a column can be deleted; the migration does."""

_NEEDS_GRANT = (
    "The write-ahead log: have a superuser GRANT pg_checkpoint, and EXECUTE ON FUNCTION pg_switch_wal(),"
    " pg_ls_waldir(), to the role."
)
_KEPT_SEGMENTS = (
    "The write-ahead log: the server keeps older segments (a replica, an archive, wal_keep_size)."
)

_NOT_PERMITTED, _LOCKED = "42501", "55P03"

# Answers that name somebody who isn't there any more; those of a day ago are not needed by anybody.
_FORGET_ANSWERS = text("""
    DELETE FROM idempotency WHERE begun_at <= now() - interval '24 hours' OR body IS NOT NULL AND EXISTS (
        SELECT FROM jsonb_path_query(CAST(convert_from(body, 'UTF8') AS jsonb), 'lax $.**.profile_id') AS named(id)
        WHERE NOT EXISTS (SELECT FROM profile WHERE to_jsonb(profile.id) = named.id)
    )
""")
_FORGET_SESSIONS = text("DELETE FROM liveness_session WHERE expires_at <= now()")

_NOW = CompiledStatement("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text) AS now")
_READERS = CompiledStatement("""
    SELECT count(*) AS readers FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND age(backend_xmin) >= age(CAST(CAST(:now AS text) AS xid))
""")
_SERVER = CompiledStatement("""
    SELECT CAST(current_setting('server_version_num') AS int) / 10000 AS version,
        current_setting('wal_recycle') = 'on' AS recycles,
        pg_has_role(datdba, 'USAGE') AS owner
    FROM pg_database WHERE datname = current_database()
""")
_SEGMENTS = CompiledStatement("""
    SELECT count(*) FILTER (WHERE name < now.segment) AS older, count(*) FILTER (WHERE name > now.segment) AS later
    FROM pg_ls_waldir(), (SELECT pg_walfile_name(pg_current_wal_insert_lsn()) AS segment) AS now
    WHERE name ~ '^[0-9A-F]{24}$'
""")
# A switch does nothing where nothing was written.
_WRITE = CompiledStatement("SELECT CAST(pg_current_xact_id() AS text) AS id")
_SWITCH = CompiledStatement("SELECT CAST(pg_switch_wal() AS text) AS place")
_CHECKPOINT = text("CHECKPOINT")


class PostgresPurge(StoragePurge):
    """Rewrites all tables, one after another; nobody reads or writes the one that is being rewritten."""

    def __init__(self, engine: AsyncEngine, *, own_server: bool) -> None:
        """`own_server`: whether it is the operator's, not the embedded one."""
        self._engine = engine
        self._own_server = own_server

    @override
    async def purge(self) -> Sequence[str]:
        engine = create_async_engine(
            self._engine.url,
            poolclass=NullPool,
            hide_parameters=True,
            connect_args={
                "timeout": _CONNECT_TIMEOUT_S,
                "command_timeout": TABLE_S,
                "server_settings": {"application_name": "face-api purge", "lock_timeout": f"{LOCK_WAIT_S}s"},
            },
        )
        try:
            return await self._purge(Database(engine))
        except Unavailable as error:
            if _state(error) == _LOCKED:
                raise CommandError(
                    f"another transaction has kept a table for {LOCK_WAIT_S} s: try again later"
                ) from error
            raise
        finally:
            await engine.dispose()

    async def _purge(self, database: Database) -> list[str]:
        await database.change(_FORGET_ANSWERS, {})
        await database.change(_FORGET_SESSIONS, {})
        ((version, recycles, owner),) = await database.fetch(_SERVER, {})
        await _readers_gone(database)
        for table in metadata.sorted_tables:
            await database.change(text(f"VACUUM (FULL, ANALYZE) {table.name}"), {})
        left = []
        if owner:
            await database.change(text("VACUUM (FULL) pg_statistic"), {})
        else:
            left.append("Statistics of names and metadata: the role doesn't own the database.")
        if version < _CLEARS_STATISTICS:
            left.append(
                f"Statistics of embeddings made by earlier versions: PostgreSQL {version} keeps them."
            )
        left += await _replace_log(database)
        if recycles:
            left.append("The write-ahead log: the server uses segments again (wal_recycle is on).")
        if self._own_server:
            left.append("Your server's archive of the write-ahead log, its replicas and its backups.")
            left.append(
                "Index files of instances with another data directory, for six minutes at most: run the command"
                " there, too."
            )
        return left


async def _readers_gone(database: Database) -> None:
    """Wait until no transaction sees the rows that were deleted before, which a rewritten table would keep."""
    ((now,),) = await database.fetch(_NOW, {})
    deadline = time.monotonic() + READERS_WAIT_S
    while (await database.fetch(_READERS, {"now": now}))[0][0]:
        if time.monotonic() > deadline:
            raise CommandError(
                f"somebody has read an older state of the database for {READERS_WAIT_S:.0f} s,"
                " such as a backup or an export: try again when it is done"
            )
        await asyncio.sleep(_POLL_S)


async def _replace_log(database: Database) -> list[str]:
    """Fill no old segment any more, those made in advance included, and remove them."""
    try:
        for _ in range(_ROUNDS):
            ((_, later),) = await database.fetch(_SEGMENTS, {})
            for _ in range(later + 1):
                await database.fetch(_WRITE, {})
                await database.fetch(_SWITCH, {})
            await database.change(_CHECKPOINT, {})
            ((older, _),) = await database.fetch(_SEGMENTS, {})
            if not older:
                return []
    except Unavailable as error:
        if _state(error) != _NOT_PERMITTED:
            raise
        return [_NEEDS_GRANT]
    return [_KEPT_SEGMENTS]


def _state(error: Unavailable) -> str | None:
    cause: Any = error.__cause__
    return getattr(getattr(cause, "orig", cause), "sqlstate", None)
