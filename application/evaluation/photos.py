"""Embeddings of photos of known people."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis.analyser import FaceAnalyser
from application.evaluation.parallel import Progress, for_each, read_photo
from application.photo_folders import PhotoFile
from application.ports.vectors import PhotoVectors
from domain.errors import InvalidInput
from domain.faces import DetectedFace, Image
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True, eq=False)
class EmbedPhotos:
    """Embeds many photos, several at a time."""

    analyser: FaceAnalyser
    workers: int

    def execute(self, photos: Sequence[PhotoFile], choice: ModelChoice, progress: Progress) -> PhotoVectors:
        """Embed the face nearest to the middle of each photo; the vectors are those of the network.

        Raises:
            EvaluationError: a file can't be read. One that is no image counts as a photo without a face.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        self.analyser.models.detector(choice.detection)  # a model that is missing is missing before the work
        dimensions = self.analyser.models.embedder(choice.recognition).dimensions
        vectors = np.full((len(photos), dimensions), np.nan, dtype=np.float32)
        results = for_each(photos, lambda photo: self._embed(photo.path, choice), self.workers, progress)
        for index, vector in enumerate(results):
            if vector is not None:
                vectors[index] = vector
        return PhotoVectors(
            vectors,
            tuple(photo.person for photo in photos),
            tuple(photo.name for photo in photos),
            models=choice,
        )

    def _embed(self, path: Path, choice: ModelChoice) -> NDArray[np.float32] | None:
        data = read_photo(path)
        try:
            located = self.analyser.locate(data, choice.detection, _subject)
        except InvalidInput:
            return None
        if not located.faces:
            return None
        crop = self.analyser.aligner(choice.recognition).align(located.image.pixels, located.faces[0])
        vector: NDArray[np.float32] = self.analyser.models.embedder(choice.recognition).embed_raw([crop])[0]
        return vector


def _subject(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
    return [central(faces, image)] if faces else []


def central(faces: Sequence[DetectedFace], image: Image) -> DetectedFace:
    """The face that a photo of one person is of: large, and near the middle.

    Its area less twice its squared distance from the middle is greatest. LFW's photos have their subject in
    the middle, now and then with a larger face beside it.
    """
    height, width = image.shape[:2]

    def prominence(face: DetectedFace) -> float:
        right = face.box.x + face.box.width / 2 - width / 2
        down = face.box.y + face.box.height / 2 - height / 2
        return float(face.box.area - 2 * (right * right + down * down))

    return max(faces, key=prominence)
