"""From rows to the domain, and back."""

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidEmbedding
from domain.faces import Embedding

_HEADER_BYTES = 4


def vector(stored: bytes) -> NDArray[np.float32]:
    """D numbers from what pgvector's `vector_send` makes: a header, then big-endian float32."""
    return np.frombuffer(stored, ">f4", offset=_HEADER_BYTES).astype(np.float32)


def sent(numbers: NDArray[np.float32]) -> bytes:
    """What `vector_send` makes of a stored vector: two bytes of length, two that aren't used, the numbers."""
    return len(numbers).to_bytes(2, "big") + b"\0\0" + numbers.astype(">f4").tobytes()


def given(embedding: Embedding) -> dict[str, object]:
    """The parameters that an embedding becomes."""
    return {
        "model": embedding.model,
        "vector": embedding.vector.tolist(),
        "dimensions": len(embedding.vector),
        "norm": embedding.norm,
    }


def storable(*texts: str | None) -> bool:
    """Whether PostgreSQL could hold them: if not, no row has one, and asking would be an error."""
    return all(
        text is None or ("\0" not in text and text.encode(errors="ignore").decode() == text) for text in texts
    )


def other_dimension(embedding: Embedding) -> InvalidEmbedding:
    """What is said to an embedding whose length isn't the model's."""
    return InvalidEmbedding(
        f"An embedding of {len(embedding.vector)} numbers is not of the length that is enrolled"
        f" for the model {embedding.model}."
    )
