"""The port of quality assessment: synchronous, called in a worker, safe in several threads."""

import math
from typing import Protocol

from domain.faces import Crop, DetectedFace, Image
from domain.quality import QualityReport


class QualityAssessor(Protocol):
    """A face to what speaks for and against it."""

    def assess(
        self, image: Image, face: DetectedFace, crop: Crop, embedding_norm: float = math.nan, times: int = 1
    ) -> QualityReport:
        """Measure a face.

        Args:
            image: the photo, H x W x 3 uint8 BGR.
            face: where it is in the photo.
            crop: the same face aligned, 112 x 112 x 3 uint8 BGR.
            embedding_norm: as FaceEmbedder.embed_rated gives it; NaN when it isn't known.
            times: pixels of the photo's file that one of `image` stands for, in each direction.
        """
        ...
