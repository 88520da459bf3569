"""Sets of photos of known people whose quality was measured: from photos, or from vectors that somebody kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.errors import EvaluationError
from domain.quality import Measure, QualityReport

VIEW = "view"
"""The label that says from where a photo was taken, such as L135/0."""


@dataclass(frozen=True, slots=True, eq=False)
class QualitySet:
    """Embeddings of N photos and what was measured of them."""

    name: str
    people: NDArray[np.intp]
    """N, which person each photo shows."""
    vectors: NDArray[np.float32]
    """N x D, unit norm."""
    reports: Sequence[QualityReport]
    undetected: int = 0
    """Photos without a face, which are not among the N."""

    @classmethod
    def of_vectors(cls, photos: EvaluationSet, without_views: Collection[str] = ()) -> "QualitySet":
        """A set without photos, of which the norm of the embedding is all that is known.

        Args:
            photos: the set; with the label VIEW if views are left out.
            without_views: views that are left out, by what stands before the slash.

        Raises:
            EvaluationError: the norms aren't known, since the vectors are all of unit norm, or no view is told.
        """
        if np.isnan(photos.norms[photos.found]).any():
            raise EvaluationError(
                f"{photos.name} has vectors of unit norm: quality is told by their norms, as the network gives them"
            )
        if without_views and VIEW not in photos.labels:
            raise EvaluationError(f"{photos.name} doesn't tell of views")
        views = photos.labels.get(VIEW, ("",) * len(photos.names))
        wanted = np.array([view.partition("/")[0] not in without_views for view in views])
        kept = photos.take(photos.found & wanted)
        return cls(
            kept.name,
            kept.people,
            kept.vectors,
            [QualityReport({Measure.EMBEDDING_NORM: float(norm)}) for norm in kept.norms],
            len(photos.undetected),
        )
