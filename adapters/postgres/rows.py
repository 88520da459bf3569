"""Conversions between rows and the domain."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from domain.faces import Embedding

_HEADER_BYTES = 4


def vector(stored: bytes) -> NDArray[np.float32]:
    """D numbers from pgvector's binary form (`vector_send`): a header, then big-endian float32."""
    return np.frombuffer(stored, ">f4", offset=_HEADER_BYTES).astype(np.float32)


def sent(numbers: NDArray[np.float32]) -> bytes:
    """The binary form of pgvector: two bytes of length, two unused ones, the numbers."""
    return len(numbers).to_bytes(2, "big") + b"\0\0" + numbers.astype(">f4").tobytes()


def written(numbers: NDArray[np.float32]) -> str:
    """The text form of pgvector, with as many digits as it takes to read the same numbers again.

    The driver would ask of every number of an array whether it is an array itself, which takes longer.
    """
    return msgspec.json.encode(numbers.tolist()).decode()


def given(embedding: Embedding) -> dict[str, object]:
    """The parameters of a statement that takes an embedding."""
    return {
        "model": embedding.model,
        "vector": written(embedding.vector),
        "dimensions": len(embedding.vector),
        "norm": embedding.norm,
    }


def storable(*texts: str | None) -> bool:
    """Whether PostgreSQL can store the texts; if not, no row has them and a query would be an error."""
    return all(
        text is None or ("\0" not in text and text.encode(errors="ignore").decode() == text) for text in texts
    )
