"""Connections to PostgreSQL: pooled, bounded in time, and silent about what they carry."""

from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_CONNECT_TIMEOUT_S = 5.0
_QUEUE_TIMEOUT_S = 5.0
_STATEMENT_TIMEOUT_S = 15.0

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
    """
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
