"""The port of quality assessment: synchronous, called in a worker, and thread-safe."""

import math
from typing import Protocol

from domain.faces import Crop, DetectedFace, ScaledImage
from domain.quality import QualityReport


class QualityAssessor(Protocol):
    """Measures the quality of a face in a photo."""

    def assess(
        self, image: ScaledImage, face: DetectedFace, crop: Crop, embedding_norm: float = math.nan
    ) -> QualityReport:
        """What can be measured of a face.

        Args:
            image: the photo.
            face: where it is, in pixels of `image`.
            crop: the same face aligned, 112 x 112 x 3 uint8 BGR.
            embedding_norm: as FaceEmbedder.relative_norms gives it; NaN when it isn't known.
        """
