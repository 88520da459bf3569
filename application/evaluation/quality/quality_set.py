"""Sets of photos of known people with their quality: from photos, or from files of vectors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.photos import Progress, find_central_face, map_photos
from application.evaluation.errors import EvaluationError
from application.photo_folders import PhotoFile
from domain.faces import ScaledImage
from domain.quality import Measure, QualityReport

VIEW = "view"
"""The label that says from where a photo was taken, such as L135/0."""


@dataclass(frozen=True, slots=True, eq=False)
class QualitySet:
    """Embeddings and quality of N photos."""

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

        Photos whose label VIEW begins with one of `without_views` and a slash are left out.

        Raises:
            EvaluationError: all vectors are of unit norm, so that norms aren't known, or there is no label VIEW.
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


def assess_photos(
    embedding: EmbedPhotos, name: str, photos: Sequence[PhotoFile], progress: Progress
) -> QualitySet:
    """Embed and assess the central face of each photo.

    Raises:
        EvaluationError: a file can't be read. One that is no image counts as a photo without a face.
    """
    analyser, models = embedding.analyser, embedding.models
    detector = analyser.models.detector(models.detection)

    def assess(photo: PhotoFile) -> tuple[str, NDArray[np.float32], QualityReport] | None:
        found = find_central_face(photo.path, analyser.decoder, detector)
        if found is None:
            return None
        image, face = found
        (analysed,) = analyser.embed(ScaledImage(image), [face], models)
        if analysed.quality is None:
            return None
        return photo.person, analysed.embedding.vector, analysed.quality

    results = map_photos(photos, assess, embedding.workers, progress)
    found = [result for result in results if result is not None]
    return QualitySet(
        name,
        np.unique([person for person, _, _ in found], return_inverse=True)[1],
        np.stack([vector for _, vector, _ in found]) if found else np.empty((0, 1), np.float32),
        [report for _, _, report in found],
        len(photos) - len(found),
    )
