"""From aligned faces to embeddings, or to estimates of them."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from application.ports.analysis import FaceEmbedder
from domain.faces import Crop, Embedding
from domain.identification import CLOSE_ERROR, ESTIMATE_ERROR

CLEAR_NORM = 0.7
"""Least embedding norm, by the model's usual one, of faces that are estimated: unclear ones differ more from their
estimates, and are refused by their norms."""


class Effort(IntEnum):
    """What an embedding was made with. Each is nearer to the embedding than the one before, and takes longer."""

    COARSE = 0
    """An estimate of a face that was only detected coarsely."""
    ONE_VIEW = 1
    """An estimate of the face as it is."""
    BOTH_VIEWS = 2
    """An estimate of the face and its mirror image."""
    EXACT = 3
    """The embedding."""


_ERRORS = {Effort.ONE_VIEW: ESTIMATE_ERROR, Effort.BOTH_VIEWS: CLOSE_ERROR}


def error_of(effort: Effort, norm: float) -> float:
    """By how much similarities may differ from those of the embedding.

    Args:
        effort: any but COARSE, whose error depends on the landmarks.
        norm: by the model's usual one.
    """
    return 0.0 if effort is Effort.EXACT else _ERRORS[effort] / norm


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


def vectors_of(
    embedder: FaceEmbedder, crops: Sequence[Crop], effort: Effort
) -> tuple[NDArray[np.float32], list[Effort]]:
    """The network's vectors of N aligned faces, N x D, and what each was made with.

    Clear faces are estimated where that is asked for and possible, the others embedded.
    """
    raw = None
    if effort is not Effort.EXACT:
        raw = embedder.estimate(crops, closely=effort is Effort.BOTH_VIEWS)
    if raw is None:
        return embedder.embed_raw(crops), [Effort.EXACT] * len(crops)
    clear = embedder.relative_norms(raw) >= CLEAR_NORM
    unclear = np.flatnonzero(~clear).tolist()
    if unclear:
        raw[unclear] = embedder.embed_raw([crops[row] for row in unclear])
    return raw, [effort if is_clear else Effort.EXACT for is_clear in clear]
