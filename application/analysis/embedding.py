"""From aligned faces to embeddings, or to estimates of them."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from application.ports.analysis import FaceEmbedder, vector_norms
from domain.faces import Crop, Embedding
from domain.identification import CLOSE_ERROR, ESTIMATE_ERROR


class Fidelity(IntEnum):
    """What a vector was made with: each is nearer to the embedding than the one before, and takes longer."""

    COARSE = 0
    """An estimate of a face that was only detected coarsely."""
    ONE_VIEW = 1
    """An estimate of the face as it is."""
    BOTH_VIEWS = 2
    """An estimate of the face and its mirror image."""
    EXACT = 3
    """The embedding."""


_LEAST_NORMS = {Fidelity.ONE_VIEW: 0.7, Fidelity.BOTH_VIEWS: 0.4}
"""Least embedding norm, by the model's usual one, of faces that are estimated: unclear ones differ more from their
estimates."""
_NORM_DIFFERENCE = 1.15
"""By what factor estimated norms may differ from those of embeddings: by up to 1.13 those of one view, 1.07 those of
both, of 1,637 photos of Labeled Faces in the Wild, 1,187 made worse and 498 mugshots."""
_ERRORS = {Fidelity.ONE_VIEW: ESTIMATE_ERROR, Fidelity.BOTH_VIEWS: CLOSE_ERROR}


def error_of(fidelity: Fidelity, norm: float) -> float:
    """By how much similarities may differ from those of the embedding.

    Args:
        fidelity: any but COARSE, whose error depends on the landmarks.
        norm: by the model's usual one.
    """
    return 0.0 if fidelity is Fidelity.EXACT else _ERRORS[fidelity] / norm


def embed_crops(embedder: FaceEmbedder, crops: Sequence[Crop]) -> tuple[list[Embedding], NDArray[np.float32]]:
    """The embeddings of aligned faces, and their norms by the model's usual norm, NaN if that isn't known."""
    return embeddings_of(embedder, embedder.embed_raw(crops))


def embeddings_of(
    embedder: FaceEmbedder, raw: NDArray[np.float32]
) -> tuple[list[Embedding], NDArray[np.float32]]:
    """The same of the network's vectors, N x D."""
    norms = vector_norms(raw).tolist()
    embeddings = [
        Embedding(vector, embedder.name, norm)
        for vector, norm in zip(embedder.directions(raw), norms, strict=True)
    ]
    return embeddings, embedder.relative_norms(raw)


def vectors_of(
    embedder: FaceEmbedder, crops: Sequence[Crop], fidelity: Fidelity, bound: float = 0.0
) -> tuple[NDArray[np.float32], list[Fidelity]]:
    """The network's vectors of N aligned faces, N x D, and what each was made with: unclear ones with more.

    Args:
        embedder: makes them.
        crops: of the faces.
        fidelity: the least, but COARSE; more where there are no such estimates.
        bound: of their norms by the model's usual one. Near it a face isn't estimated.
    """
    raw = None
    if fidelity is not Fidelity.EXACT and embedder.usual_norm is not None:
        raw = embedder.estimate(crops, closely=fidelity is Fidelity.BOTH_VIEWS)
    if raw is None:
        return embedder.embed_raw(crops), [Fidelity.EXACT] * len(crops)
    least = max(_LEAST_NORMS[fidelity], _NORM_DIFFERENCE * bound)
    unclear = np.flatnonzero(embedder.relative_norms(raw) < least).tolist()
    fidelities = [fidelity] * len(crops)
    if unclear:
        better, made_with = vectors_of(
            embedder, [crops[row] for row in unclear], Fidelity(fidelity + 1), bound
        )
        raw[unclear] = better
        for row, made in zip(unclear, made_with, strict=True):
            fidelities[row] = made
    return raw, fidelities
