"""Pools of connections to PostgreSQL."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, MissingGreenlet
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlalchemy.util.concurrency import in_greenlet

from adapters.postgres.disk_space import OPTION, DiskSpace
from adapters.postgres.sealed_columns import OPTION as SEALING
from application.errors import StartupError
from application.ports.sealing import Sealing

_CONNECT_TIMEOUT_S = 5.0
_QUEUE_TIMEOUT_S = 5.0
_STATEMENT_TIMEOUT_S = 15.0

_KEY = "FACE_DATABASE_URL"
_OPTIONS = frozenset(
    [
        "direct_tls",
        "gsslib",
        "host",
        "krbsrvname",
        "passfile",
        "port",
        "prepared_statement_cache_size",
        "service",
        "servicefile",
        "ssl",
        "target_session_attrs",
    ]
)
"""Those of asyncpg.connect and of SQLAlchemy's dialect that a text can express and that aren't set here."""

_WORDS = {
    "ssl": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "primary", "standby", "read-write", "read-only", "prefer-standby"),
}
"""What options may say that take one of a few words."""

_GREATEST_PORT = 65535

_SESSION = {
    "application_name": "face-api",
    # Compiling an exact search takes longer than running it.
    "jit": "off",
    # PgVectorRepository's locks rely on this level, whatever the server's default.
    "default_transaction_isolation": "read committed",
}


def make_engine(url: str, pool_size: int, sealing: Sealing | None = None) -> AsyncEngine:
    """An engine for a `postgresql+asyncpg://` URL, with at most `pool_size` connections; it connects on first use.

    Parameters, which are biometric data, appear in no message and no log. With `sealing`, what the adapters store of
    faces through the engine is encrypted.

    Raises:
        StartupError: it is no such URL; the message quotes nothing of it but the name of an option.
    """
    parsed = _checked(url)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_QUEUE_TIMEOUT_S,
        # The connection used last: its server process has the caches warm.
        pool_use_lifo=True,
        hide_parameters=True,
        execution_options={OPTION: DiskSpace(_data_directory(parsed)), SEALING: sealing},
        connect_args={
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": _STATEMENT_TIMEOUT_S,
            "server_settings": _SESSION,
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "do_connect", _require_greenlet)
    return engine


def _refuse_closed(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Replace all pooled connections when the server has closed this one.

    asyncpg sees that at its socket, whereas pool_pre_ping would cost a round trip per request.
    """
    driver = connection.driver_connection
    if driver is None or driver.is_closed():
        _require_greenlet()
        raise InvalidatePoolError


def _require_greenlet(*_: object) -> None:
    """Refuse to connect where nobody can wait for it: see `lent` in adapters/postgres/compiled_statement.py.

    Raises:
        MissingGreenlet: before a coroutine is made that nobody would run.
    """
    if not in_greenlet():
        raise MissingGreenlet


def _data_directory(url: URL) -> Path | None:
    """The server's data directory if its socket is in it, as the embedded server's is."""
    host = url.query.get("host")
    if isinstance(host, str) and os.access(Path(host) / "PG_VERSION", os.F_OK):
        return Path(host)
    return None


def _checked(url: str) -> URL:
    """The parsed URL; what is wrong with it the driver would only tell when it connects, and in its own words."""
    try:
        parsed = make_url(url)
        unknown = [name for name in parsed.query if name not in _OPTIONS]
        given = parsed.get_dialect()().create_connect_args(parsed)[1]
    except (ArgumentError, ValueError, TypeError):
        raise StartupError(f"{_KEY}: its port, or another number in it, is not a number.") from None
    if unknown:
        known = ", ".join(sorted(_OPTIONS))
        raise StartupError(f"{_KEY}: it has an unknown option {unknown[0][:40]!r}; there are {known}.")
    for option, words in _WORDS.items():
        if not set(_each(parsed.query.get(option))) <= {*words}:
            raise StartupError(f"{_KEY}: its option {option!r} must be one of {', '.join(words)}.")
    if not all(0 < int(port) <= _GREATEST_PORT for port in _each(given.get("port"))):
        raise StartupError(f"{_KEY}: its port is not 1 to {_GREATEST_PORT}.")
    try:
        for host in map(str, _each(given.get("host"))):
            # Otherwise it is the folder of a socket.
            if not host.startswith(("/", "@")):
                host.encode("idna")
    except UnicodeError:
        raise StartupError(f"{_KEY}: its host can't be the name of one.") from None
    return parsed


def _each(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
