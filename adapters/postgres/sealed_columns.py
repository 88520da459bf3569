"""Embeddings and crops as they are stored: plain, or sealed in a column of their own beside the plain one.

A database may have both while `face-api encryption` works on it.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from adapters.postgres.compiled_statement import DriverRow
from adapters.postgres.rows import vector
from application.ports.sealing import OVERHEAD, Kind, SealBroken, Sealing, face_context, is_sealed
from domain.errors import Unavailable
from domain.people import FaceId

OPTION = "face_sealing"
"""The execution option of an engine that has its Sealing."""

_HEADER_BYTES = 4

logger = logging.getLogger("face.encryption")


class SealedColumns:
    """Opens what is read, and seals what is written if there is a key.

    Methods that open raise Unavailable if that is not possible, lest somebody is taken for somebody else.
    """

    def __init__(self, sealing: Sealing | None) -> None:
        self._sealing = sealing

    @property
    def seals(self) -> bool:
        """Whether what is written is sealed."""
        return self._sealing is not None

    @property
    def key_id(self) -> bytes:
        """Of the key that seals."""
        return b"" if self._sealing is None else self._sealing.key_ids[0]

    @staticmethod
    def require(*, in_use: bool) -> None:
        """Nothing may be sealed with a key that was forgotten, as all others might be without it.

        Raises:
            Unavailable: it was.
        """
        if not in_use:
            logger.error(
                "the first key was replaced by `face-api encryption`: this process must be restarted"
            )
            raise Unavailable(
                "The key that faces are encrypted with was replaced: the service must be restarted."
            )

    def vector(self, face_id: FaceId, model: str, stored: bytes) -> NDArray[np.float32]:
        """D numbers, from pgvector's binary form or a sealed column."""
        if not is_sealed(stored):
            return vector(stored)
        opened = self._opened(Kind.EMBEDDING, face_context(face_id, model), stored)
        return np.frombuffer(opened, ">f4").astype(np.float32)

    async def matrix(self, row: DriverRow, model: str, dimensions: int) -> NDArray[np.float32]:
        """N x D numbers from a row of aggregates.

        `faces` has the N ids. The plain vectors without their headers are one piece of bytes, `vectors`, the sealed
        ones another, `sealed`, both in the order of the ids; `sealed_faces` has the ids of those that are sealed.
        """
        plain = np.frombuffer(row.vectors or b"", ">f4").astype(np.float32).reshape(-1, dimensions)
        return await asyncio.to_thread(self._mixed, row, model, plain) if row.sealed_faces else plain

    def _mixed(self, row: DriverRow, model: str, plain: NDArray[np.float32]) -> NDArray[np.float32]:
        dimensions = plain.shape[1]
        length = 4 * dimensions + OVERHEAD
        opened = b"".join(
            self._opened(
                Kind.EMBEDDING,
                face_context(face_id, model),
                row.sealed[place * length : (place + 1) * length],
            )
            for place, face_id in enumerate(row.sealed_faces)
        )
        whole = np.empty((len(row.faces), dimensions), dtype=np.float32)
        sealed = np.isin(row.faces, row.sealed_faces)
        whole[sealed] = np.frombuffer(opened, ">f4").reshape(-1, dimensions)
        whole[~sealed] = plain
        return whole

    def crop(self, face_id: FaceId, stored: bytes) -> bytes:
        """A picture."""
        return self._opened(Kind.CROP, face_context(face_id), stored) if is_sealed(stored) else bytes(stored)

    def sealed_vector(self, face_id: FaceId, model: str, numbers: NDArray[np.float32]) -> bytes:
        """For the sealed column."""
        return self._sealed(Kind.EMBEDDING, face_context(face_id, model), numbers.astype(">f4").tobytes())

    def sealed_crop(self, face_id: FaceId, picture: bytes | None) -> bytes | None:
        """For the sealed column."""
        return None if picture is None else self._sealed(Kind.CROP, face_context(face_id), picture)

    def views(self, session: str, stored: bytes) -> bytes:
        """The embeddings of a liveness session: whole float32 numbers if they are plain."""
        if len(stored) % 4 != OVERHEAD % 4:
            return stored
        return self._opened(Kind.VIEWS, session, stored)

    def stored_views(self, session: str, content: bytes) -> bytes:
        """What is stored of them."""
        return content if self._sealing is None or not content else self._sealed(Kind.VIEWS, session, content)

    def _sealed(self, kind: Kind, context: str, content: bytes) -> bytes:
        if self._sealing is None:
            raise RuntimeError("there is no key to seal with")
        return self._sealing.seal(kind, context, content)

    def _opened(self, kind: Kind, context: str, sealed: bytes) -> bytes:
        if self._sealing is not None:
            with suppress(SealBroken):
                return self._sealing.open(kind, context, sealed)
        logger.error("%s %s can't be opened: it was changed, or its key is missing", kind, context)
        raise Unavailable("What is stored about a face can't be opened.")


def matching_headers(rows: Sequence[DriverRow], dimensions: int) -> list[DriverRow]:
    """The rows whose vector, plain or sealed, has that many numbers."""
    lengths = {_HEADER_BYTES + 4 * dimensions, OVERHEAD + 4 * dimensions}
    return [row for row in rows if len(row.vector) in lengths]
