"""Faces in images: geometry, landmarks, embeddings, and the choice of a photo's subject."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from domain.errors import InvalidEmbedding

Image: TypeAlias = NDArray[np.uint8]
"""H x W x 3, BGR, 0..255, upright."""

Crop: TypeAlias = NDArray[np.uint8]
"""An aligned face: S x S x 3, BGR, 0..255; S is the recogniser's input size, 112 as a rule."""

Landmarks: TypeAlias = NDArray[np.float32]
"""5 x 2, (x, y) in pixels of the image: right eye, left eye, nose tip, right and left mouth corner.

Right and left are the person's own; in an upright portrait the right eye has the smaller x.
"""

_NORM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels; (x, y) is its top left corner, which may lie outside the image."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    @property
    def longer(self) -> float:
        """The longer side, in pixels."""
        return max(self.width, self.height)

    def inside(self, image: Image) -> float:
        """The share of it that is in the image, 0..1."""
        height, width = image.shape[:2]
        wide = min(self.x + self.width, width) - max(self.x, 0)
        high = min(self.y + self.height, height) - max(self.y, 0)
        return float(max(wide, 0.0) * max(high, 0.0) / max(self.area, 1e-9))

    def visible_side(self, image: Image) -> float:
        """The side of a square as large as its part that is in the image, in pixels."""
        return math.sqrt(max(self.area, 0.0) * self.inside(image))

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        shared = max(width, 0.0) * max(height, 0.0)
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """One face found in an image."""

    box: Box
    score: float
    """The detector's confidence, 0..1."""
    landmarks: Landmarks | None = None
    landmark_spread: float = 0.0
    """How much the detector's cells disagree about the landmarks: the standard deviation, in longer sides of the box.
    0 where that isn't known."""

    def enlarged(self, times: int) -> "DetectedFace":
        """The same face in an image that is `times` as large in each direction."""
        if times == 1:
            return self
        box = Box(*(times * length for length in (self.box.x, self.box.y, self.box.width, self.box.height)))
        landmarks = None if self.landmarks is None else self.landmarks * np.float32(times)
        return DetectedFace(box, self.score, landmarks, self.landmark_spread)


@dataclass(frozen=True, slots=True, eq=False)
class ScaledImage:
    """A photo as it was decoded: whole, or smaller by a whole factor."""

    pixels: Image
    reduction: int = 1
    """Pixels of the photo that one of `pixels` stands for, in each direction."""

    def in_photo(self, face: DetectedFace) -> DetectedFace:
        """A face that was found in `pixels`, in pixels of the photo."""
        return face.enlarged(self.reduction)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A face as a unit vector in the space of one recognition model.

    Embeddings of different models are never compared.
    """

    vector: NDArray[np.float32]
    """D, unit norm."""
    model: str
    norm: float | None = None
    """Norm of the network's output, if known; it is low for faces that the network can't represent well. With it,
    stored embeddings can be converted when their post-processing changes."""

    def __post_init__(self) -> None:
        """Hold the invariant.

        Raises:
            InvalidEmbedding: not one-dimensional float32, not finite, or not of unit norm.
        """
        if self.vector.ndim != 1 or self.vector.dtype != np.float32:
            raise InvalidEmbedding("An embedding is a one-dimensional float32 vector.")
        if not abs(_norm(self.vector) - 1.0) < _NORM_TOLERANCE:
            raise InvalidEmbedding("An embedding must be finite and of unit norm.")

    @classmethod
    def of(cls, vector: NDArray[np.floating], model: str) -> "Embedding":
        """Scale any finite, non-zero vector of D numbers to unit norm.

        Raises:
            InvalidEmbedding: the vector is zero or not finite.
        """
        raw = np.asarray(vector, dtype=np.float32)
        norm = _norm(raw)
        if not math.isfinite(norm) or norm == 0.0:
            raise InvalidEmbedding("An embedding must be finite and not zero.")
        return cls(raw / np.float32(norm), model)

    def similarity(self, other: "Embedding") -> float:
        """Cosine similarity, in [-1, 1]."""
        return float(np.clip(self.vector @ other.vector, -1.0, 1.0))


def _norm(vector: NDArray[np.float32]) -> float:
    # Of a few vectors, this takes a quarter of the time of numpy.linalg.norm.
    return math.sqrt(vector @ vector)


SUBJECT_RATIO = 2 / 3
"""Largest ratio of the longer side of any other face to that of the subject of a photo."""
NEARER_RATIO = 1 / 2
"""The same for a face that is nearer to the centre of the photo. Both were measured, see docs/quality.md."""


def subject(faces: Sequence[DetectedFace], image: Image) -> DetectedFace | None:
    """The face that the photo was taken of, by size and position; None if there is no face or no clear choice."""
    if not faces:
        return None
    first = largest(faces, image)
    for other in faces:
        ratio = NEARER_RATIO if _off_middle(other, image) < _off_middle(first, image) else SUBJECT_RATIO
        if other is not first and other.box.longer > ratio * first.box.longer:
            return None
    return first


def _off_middle(face: DetectedFace, image: Image) -> float:
    """The distance of its centre from the image's, in pixels."""
    height, width = image.shape[:2]
    right = face.box.x + (face.box.width - width) / 2
    down = face.box.y + (face.box.height - height) / 2
    return math.hypot(right, down)


def largest(faces: Sequence[DetectedFace], image: Image) -> DetectedFace:
    """The face with the most pixels in the image; the first of equals. The list must not be empty."""
    return max(faces, key=lambda face: face.box.visible_side(image))
