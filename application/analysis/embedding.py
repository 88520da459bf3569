"""From aligned faces to embeddings, or to estimates of them."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from application.ports.analysis import FaceEmbedder
from domain.faces import Crop, Embedding

CLEAR_NORM = 0.7
"""Least embedding norm, by the model's usual one, of faces that are estimated: unclear ones differ more from their
estimates, and are refused by their norms."""


def embed_crops(embedder: FaceEmbedder, crops: Sequence[Crop]) -> tuple[list[Embedding], NDArray[np.float32]]:
    """The embeddings of aligned faces, and their norms by the model's usual norm, NaN if that isn't known."""
    return embeddings_of(embedder, embedder.embed_raw(crops))


def embeddings_of(
    embedder: FaceEmbedder, raw: NDArray[np.float32]
) -> tuple[list[Embedding], NDArray[np.float32]]:
    """The same of the network's vectors, N x D."""
    norms = np.linalg.norm(raw, axis=1).tolist()
    embeddings = [
        Embedding(vector, embedder.name, norm)
        for vector, norm in zip(embedder.directions(raw), norms, strict=True)
    ]
    return embeddings, embedder.relative_norms(raw)


Vectors: TypeAlias = tuple[NDArray[np.float32], NDArray[np.bool_]]
"""The network's vectors of N crops, N x D, and which of them are estimates."""


def exact_vectors(embedder: FaceEmbedder, crops: Sequence[Crop]) -> Vectors:
    """Without estimates."""
    return embedder.embed_raw(crops), np.zeros(len(crops), dtype=np.bool_)


def estimated_vectors(embedder: FaceEmbedder, crops: Sequence[Crop]) -> Vectors:
    """Estimates of clear faces, where there are estimates."""
    raw = embedder.estimate(crops)
    if raw is None:
        return exact_vectors(embedder, crops)
    clear = embedder.relative_norms(raw) >= CLEAR_NORM
    unclear = np.flatnonzero(~clear).tolist()
    if unclear:
        raw[unclear] = embedder.embed_raw([crops[row] for row in unclear])
    return raw, clear
