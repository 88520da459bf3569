"""Deterministic stand-ins for detector and embedder: coloured squares are faces, a colour is a person.

The test harness: everything around the models can be tried without model files or photos of people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.ports.analysis import FaceDetector, FirstPass
from domain.faces import Box, Crop, DetectedFace, Image, Landmarks

DARK = 32
"""Pixels all of whose channels are below this are background."""

FIVE_POINTS: Landmarks = np.array(
    [[0.34, 0.46], [0.66, 0.46], [0.5, 0.64], [0.37, 0.82], [0.63, 0.82]], dtype=np.float32
)
"""Where a square's landmarks are, relative to its box."""


@dataclass(frozen=True, slots=True)
class ColourDetector:
    """Implements FaceDetector: each run of columns that is not dark is a face."""

    name: str = "colour"

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        """See FaceDetector.detect; the score is 1 for each."""
        bright = image.max(axis=2) >= DARK
        columns = np.flatnonzero(np.diff(np.concatenate(([0], bright.any(axis=0).view(np.int8), [0]))))
        return [_face(bright, int(left), int(right)) for left, right in columns.reshape(-1, 2)]

    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        """See FaceDetector.detect_first."""
        return FaceDetector.detect_first(self, image, largest_only=largest_only)

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        """See FaceDetector.detect_coarsely."""
        return None


def _face(bright: NDArray[np.bool_], left: int, right: int) -> DetectedFace:
    rows = np.flatnonzero(bright[:, left:right].any(axis=1))
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    box = Box(left, top, right - left, bottom - top)
    landmarks = FIVE_POINTS * (box.width, box.height) + (box.x, box.y)
    return DetectedFace(box, 1.0, landmarks.astype(np.float32))


@dataclass(frozen=True, slots=True)
class ColourEmbedder:
    """Implements FaceEmbedder: the mean colour, turned into a direction in D dimensions."""

    name: str = "colour"
    dimensions: int = 16

    @property
    def usual_norm(self) -> float | None:
        """See FaceEmbedder."""
        return None

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder.embed."""
        return self.directions(self.embed_raw(crops))

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder.embed_raw."""
        colours = np.array([crop.mean(axis=(0, 1)) for crop in crops], dtype=np.float64).reshape(-1, 3)
        directions = np.random.default_rng(7).standard_normal((3, self.dimensions))
        return np.asarray((colours - 127.5 + 1e-3) @ directions, dtype=np.float32)

    @property
    def estimates(self) -> bool:
        """See FaceEmbedder."""
        return False

    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[np.float32] | None:
        """See FaceEmbedder.estimate."""
        return None

    def directions(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder.directions."""
        unit: NDArray[np.float32] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return unit

    def relative_norms(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        return np.full(len(raw), np.nan, dtype=np.float32)
