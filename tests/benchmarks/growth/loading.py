"""Many simulated people in the service's own tables, fast: rows are put together by NumPy and sent by COPY."""

import io
from collections.abc import Mapping

import asyncpg
import numpy as np
from numpy.typing import NDArray

from domain.people import DEFAULT_COLLECTION

MODEL = "simulated"

_CHUNK = 50_000
_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)


async def load(connection: asyncpg.Connection, gallery: NDArray[np.float32], model: str = MODEL) -> None:
    """A person in the default collection for each of N x D vectors, named by its row, and one face of theirs."""
    for start in range(0, len(gallery), _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, len(gallery)))
        people = {
            "collection": _texts(DEFAULT_COLLECTION, len(numbers)),
            "name": np.char.zfill(numbers.astype("S9"), 9).view(np.uint8).reshape(-1, 9),
        }
        faces = {
            # The ids that the server gives to the people of a new database.
            "profile_id": _bytes(numbers + 1),
            "collection": people["collection"],
            "recognition_model": _texts(model, len(numbers)),
            "detection_model": _texts(MODEL, len(numbers)),
            "embedding": stored(gallery[numbers]),
        }
        await copy(connection, "profile", people)
        await copy(connection, "face", faces)
    for table in ("profile", "face"):
        await connection.execute(f"VACUUM ANALYZE {table}", timeout=3600)


async def copy(connection: asyncpg.Connection, table: str, columns: Mapping[str, NDArray[np.uint8]]) -> None:
    """Send columns of the bytes that the server keeps: N rows of the same length each."""
    rows = len(next(iter(columns.values())))
    layout: list[tuple[str, str]] = [("count", ">i2")]
    for name, values in columns.items():
        layout += [(f"length of {name}", ">i4"), (name, f"({values.shape[1]},)u1")]
    body = np.zeros(rows, dtype=layout)
    body["count"] = len(columns)
    for name, values in columns.items():
        body[f"length of {name}"], body[name] = values.shape[1], values
    source = io.BytesIO(_SIGNATURE + body.tobytes() + b"\xff\xff")
    await connection.copy_to_table(table, source=source, columns=[*columns], format="binary")


def stored(vectors: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Rows as pgvector receives them: their length, two bytes that aren't used, big-endian numbers."""
    count, dimensions = vectors.shape
    rows = np.zeros(count, dtype=[("length", ">i2"), ("unused", ">i2"), ("numbers", f"({dimensions},)>f4")])
    rows["length"], rows["numbers"] = dimensions, vectors
    return rows.view(np.uint8).reshape(count, -1)


def _bytes(ids: NDArray[np.int64]) -> NDArray[np.uint8]:
    return ids.astype(">i8").view(np.uint8).reshape(-1, 8)


def _texts(value: str, count: int) -> NDArray[np.uint8]:
    return np.tile(np.frombuffer(value.encode(), dtype=np.uint8), (count, 1))
