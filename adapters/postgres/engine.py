"""Connections to PostgreSQL: pooled, bounded in time, and silent about what they carry."""

from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from application.errors import StartupError

_CONNECT_TIMEOUT_S = 5.0
_QUEUE_TIMEOUT_S = 5.0
_STATEMENT_TIMEOUT_S = 15.0

_KEY = "FACE_DATABASE_URL"
_OPTIONS = frozenset(
    {
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
    }
)
"""Of asyncpg.connect and of SQLAlchemy's dialect, those that a text can give and that aren't given here."""

_GREATEST_PORT = 65535

_SESSION = {
    "application_name": "face-api",
    # Compiling an exact search takes longer than running it.
    "jit": "off",
    # The locks of PgVectorRepository are right under this one, whatever the server's default.
    "default_transaction_isolation": "read committed",
}


def make_engine(url: str, pool_size: int) -> AsyncEngine:
    """An engine for a `postgresql+asyncpg://` URL; it connects with its first statement.

    Statements are prepared once a connection. Parameters, which are biometric data, are in no message and
    no log.

    Raises:
        StartupError: it is no such URL; the message has nothing of it but the name of an option.
    """
    _check(url)
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=_QUEUE_TIMEOUT_S,
        # The connection used last: its server process has the caches warm.
        pool_use_lifo=True,
        hide_parameters=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": _STATEMENT_TIMEOUT_S,
            "server_settings": _SESSION,
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    return engine


def _refuse_closed(
    connection: DBAPIConnection, _record: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    """Replace all pooled connections when the one at hand was closed by the server.

    asyncpg learns of the end of a server from its socket, so that this asks nobody: pool_pre_ping would
    cost a round trip a request.
    """
    driver = connection.driver_connection
    if driver is None or driver.is_closed():
        raise InvalidatePoolError


def _check(url: str) -> None:
    """Find what the driver would only find when it connects, and tell with a traceback."""
    try:
        parsed = make_url(url)
        unknown = [name for name in parsed.query if name not in _OPTIONS]
        given = parsed.get_dialect()().create_connect_args(parsed)[1]
    except (ArgumentError, ValueError, TypeError):
        raise StartupError(f"{_KEY}: its port, or another number in it, is not a number.") from None
    if unknown:
        known = ", ".join(sorted(_OPTIONS))
        raise StartupError(f"{_KEY}: it has an unknown option {unknown[0][:40]!r}; there are {known}.")
    if not all(0 < int(port) <= _GREATEST_PORT for port in _each(given.get("port"))):
        raise StartupError(f"{_KEY}: its port is not 1 to {_GREATEST_PORT}.")
    try:
        for host in map(str, _each(given.get("host"))):
            # Otherwise it is the folder of a socket.
            if not host.startswith(("/", "@")):
                host.encode("idna")
    except UnicodeError:
        raise StartupError(f"{_KEY}: its host can't be the name of one.") from None


def _each(value: object) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]
