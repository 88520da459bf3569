"""Rows in PostgreSQL's binary form, for COPY: the server reads an embedding's numbers as they are in memory."""

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_COUNT = struct.Struct(">h")
_LENGTH = struct.Struct(">i")
_INTEGER = struct.Struct(">iq")
_REAL = struct.Struct(">if")

NULL = _LENGTH.pack(-1)


def data(value: bytes) -> bytes:
    """A field of type bytea, or of any other type in its binary form."""
    return _LENGTH.pack(len(value)) + value


def text(value: str) -> bytes:
    """A field of type text."""
    return data(value.encode())


def integers(*values: int) -> bytes:
    """Fields of type bigint."""
    return b"".join([_INTEGER.pack(8, value) for value in values])


def real(value: float) -> bytes:
    """A field of type real; the value must be in its range."""
    return _REAL.pack(4, value)


def timestamp(value: datetime) -> bytes:
    """A field of type timestamptz."""
    return _INTEGER.pack(8, (value.astimezone(UTC) - _EPOCH) // _MICROSECOND)


async def copy_rows(
    connection: AsyncConnection, table: str, columns: Sequence[str], rows: Iterable[bytes]
) -> None:
    """Add rows, all or none, in the transaction that the connection is in.

    Args:
        connection: a transaction has begun on it.
        table: the name.
        columns: those that are given; the others get their defaults.
        rows: the fields of each, one for each column in this order.

    Raises:
        asyncpg.PostgresError: the server refuses a row.
    """
    body = _COUNT.pack(len(columns)).join([_SIGNATURE, *rows]) + _END
    raw = await connection.get_raw_connection()
    driver = cast("asyncpg.Connection", raw.driver_connection)
    # As bytes it would be taken for the name of a file.
    await driver.copy_to_table(table, source=memoryview(body), columns=columns, format="binary")
