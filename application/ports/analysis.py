"""The ports of image analysis: synchronous, called in a worker, and thread-safe."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from domain.faces import Crop, DetectedFace, Image, Landmarks, ScaledImage

DETECTABLE_FACE = 32
"""Pixels of a face, the longer side of its box, in the picture that a detector sees, from which on it is found. YuNet
finds 99% of the faces of Labeled Faces in the Wild at 32 pixels, 91% at 24 and 43% at 16."""


def vector_norms(raw: NDArray[float32]) -> NDArray[float32]:
    """Euclidean norms of N vectors, N x D: as numpy.linalg.norm has them, in half of its time for a few."""
    norms: NDArray[float32] = np.sqrt(np.add.reduce(raw * raw, axis=1))
    return norms


class ImageDecoder(Protocol):
    """Decodes image files."""

    def decode(self, data: bytes) -> Image:
        """One still image, upright, H x W x 3 uint8 BGR.

        Raises:
            InvalidImage: not one still image in a supported format, or damaged.
            ImageTooLarge: more pixels than allowed; checked before they are decoded.
        """

    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        """As `decode`, but with as few pixels as the format can be decoded to directly.

        Args:
            data: the file.
            long_side: minimum number of pixels of the image's longer side, unless the photo has fewer.
            max_reduction: maximum of ScaledImage.reduction.

        Raises:
            InvalidImage, ImageTooLarge: as `decode`.
        """


@dataclass(frozen=True, slots=True, eq=False)
class FirstPass:
    """What is detected in a photo in few pixels."""

    faces: list[DetectedFace]
    """Best score first, in pixels of the image that was looked at."""
    closer: Callable[[Image, float], list[DetectedFace]]
    """If no faces were seen: those too small for that pass. Takes the same photo, in as many pixels or more, and the
    size of the smallest face in it; see FaceDetector.detect."""
    complete_from: float = math.inf
    """Pixels of the image from which on there are no other faces: a closer look would find none."""


class FaceDetector(Protocol):
    """Finds faces in images."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue."""

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        """Faces, best score first, in pixels of `image`.

        Args:
            image: H x W x 3 uint8 BGR, any size.
            largest_only: faces other than the largest may be left out where that is faster.
            min_face: pixels. No upright face is missed because of its size, or of other faces in the image, if the
                longer side of its box has at least so many. None: small faces may be missed beside larger ones.
        """

    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        """What `detect` finds without `min_face`, and what finds smaller faces if there are none."""
        faces = self.detect(image, largest_only=largest_only)
        return FirstPass(faces, lambda finer, min_face: self.detect(finer, min_face=min_face))

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        """The largest face, in a fraction of the time, if it is plain to see: large, whole, upright, without rivals.

        Its box and landmarks are less exact than those that `detect` finds; by how much tells its `landmark_spread`.
        None: it takes `detect` to tell.
        """


class LandmarkLocator(Protocol):
    """Finds the landmarks of a face whose place is roughly known."""

    def locate(self, pictures: Sequence[Image]) -> Sequence[Landmarks | None]:
        """For each picture (192 x 192 x 3 uint8 BGR) the landmarks of the face in its middle, or None."""


class FaceAligner(Protocol):
    """Makes the normalised crops of faces that recognisers are trained on."""

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """The face as 112 x 112 x 3 uint8 BGR, with eyes, nose and mouth where the ArcFace template has them."""

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        """The face with the landmarks that `align` uses, in pixels of `image`."""


class FaceEmbedder(Protocol):
    """Computes the embeddings of aligned crops."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue."""

    @property
    def dimensions(self) -> int:
        """D, the number of elements of an embedding."""

    @property
    def usual_norm(self) -> float | None:
        """The norm of the network's vectors for clear faces; None if that isn't known."""

    def embed(self, crops: Sequence[Crop]) -> NDArray[float32]:
        """N crops (112 x 112 x 3 uint8 BGR) to N x D float32, each row of unit norm; N may be 0."""
        return self.directions(self.embed_raw(crops))

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[float32]:
        """N crops to N x D float32 as the network computes them, of any norm; N may be 0."""

    @property
    def estimates(self) -> bool:
        """Whether there is something faster than `embed_raw` that gives nearly the same."""
        return False

    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[float32] | None:
        """Nearly what `embed_raw` gives, in less time; None unless `estimates`.

        How near is said by ESTIMATE_ERROR of domain/identification.py; by CLOSE_ERROR if it is done `closely`, in
        twice the time.
        """

    def directions(self, raw: NDArray[float32]) -> NDArray[float32]:
        """What `embed` makes of the network's vectors: N x D, each row of unit norm; N may be 0."""
        return raw / vector_norms(raw)[:, None]

    def relative_norms(self, raw: NDArray[float32]) -> NDArray[float32]:
        """N norms of the network's vectors, divided by `usual_norm`; NaN where that isn't known."""
        return vector_norms(raw) / float32(math.nan if self.usual_norm is None else self.usual_norm)
