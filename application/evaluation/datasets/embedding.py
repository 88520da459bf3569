"""Embeddings of photos of known people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis.analyser import FaceAnalyser
from application.evaluation.datasets.photos import Progress, central_face, map_photos, read_photo
from application.photo_folders import PhotoFile
from application.ports.vectors import PhotoVectors
from domain.errors import InvalidInput
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True, eq=False)
class EmbedPhotos:
    """Embeds many photos with one pair of models."""

    analyser: FaceAnalyser
    models: ModelChoice
    workers: int
    """Photos at a time."""

    def execute(self, photos: Sequence[PhotoFile], progress: Progress) -> PhotoVectors:
        """Embed the central face of each photo; the vectors are those of the network, of any length.

        Raises:
            EvaluationError: a file can't be read. One that is no image counts as a photo without a face.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        library = self.analyser.models
        library.detector(self.models.detection)  # find out that a model is missing before the work
        dimensions = library.embedder(self.models.recognition).dimensions
        vectors = np.full((len(photos), dimensions), np.nan, dtype=np.float32)
        results = map_photos(photos, lambda photo: self._embed(photo.path), self.workers, progress)
        for index, vector in enumerate(results):
            if vector is not None:
                vectors[index] = vector
        return PhotoVectors(
            vectors,
            tuple(photo.person for photo in photos),
            tuple(photo.name for photo in photos),
            models=self.models,
        )

    def _embed(self, path: Path) -> NDArray[np.float32] | None:
        data = read_photo(path)
        try:
            located = self.analyser.locate(
                data,
                self.models.detection,
                lambda faces, image: [central_face(faces, image)] if faces else [],
            )
        except InvalidInput:
            return None
        if not located.faces:
            return None
        recognition = self.models.recognition
        crop = self.analyser.aligner(recognition).align(located.image.pixels, located.faces[0])
        vector: NDArray[np.float32] = self.analyser.models.embedder(recognition).embed_raw([crop])[0]
        return vector
