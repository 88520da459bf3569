"""The use case: embed a set of photos once, for all measurements to come."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from application.evaluation.datasets.evaluation_set import LoadSets, PhotoFolder
from application.evaluation.datasets.photo_files import Progress
from application.photo_folders import find_photos
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True)
class EmbeddedSet:
    """What was written."""

    models: ModelChoice
    photos: int
    people: int
    undetected: int
    """Photos without a face."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbedSet:
    """Writes a network's vectors, as they are before any centre is taken away.

    Their lengths, which tell of the photos' quality, are kept with them, and they outlive a change of how directions
    are taken from them.
    """

    loading: LoadSets

    def execute(
        self,
        images: PhotoFolder,
        output: Path,
        progress: Progress,
        *,
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> EmbeddedSet:
        """Embed every photo and write a file.

        Args:
            images: the photos.
            output: the file to write.
            progress: called after each photo.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: there are no photos, or the file can't be written.
            UnknownModel, and all that EmbedPhotos.execute raises.
        """
        choice = self.loading.choose(detection_model, recognition_model)
        content = self.loading.embedding.execute(find_photos(images.path), choice, progress)
        self.loading.files.write(content, output)
        missing = int(np.isnan(content.vectors).any(axis=1).sum())
        return EmbeddedSet(choice, len(content.photos), len(set(content.people)), missing)
