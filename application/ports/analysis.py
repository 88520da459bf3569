"""The ports of computation: synchronous, called in a worker, safe to call from several threads at once."""

from collections.abc import Sequence
from typing import Protocol

from numpy import float32
from numpy.typing import NDArray

from domain.faces import Crop, DetectedFace, Image, Landmarks, ScaledImage

DETECTABLE_FACE = 32
"""Pixels of a face, the longer side of its box, in the picture that a detector sees, from which on it is found. YuNet
finds 99% of the faces of Labeled Faces in the Wild at 32 pixels, 91% at 24 and 43% at 16."""


class ImageDecoder(Protocol):
    """Bytes of a file to pixels."""

    def decode(self, data: bytes) -> Image:
        """One still image, upright, H x W x 3 uint8 BGR.

        Raises:
            InvalidImage: not one still image in a supported format, or damaged.
            ImageTooLarge: more pixels than allowed; found out before they are decoded.
        """
        ...

    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        """As `decode`, but as small as the format can be decoded at once.

        Args:
            data: the file.
            long_side: the least number of pixels of the image's longer side, if the photo has as many.
            max_reduction: the greatest reduction.

        Raises:
            InvalidImage, ImageTooLarge: as `decode`.
        """
        ...


class FaceDetector(Protocol):
    """Pixels to faces."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue."""
        ...

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        """Faces, best score first, in pixels of `image`.

        Args:
            image: H x W x 3 uint8 BGR, any size.
            largest_only: any but the largest may be left out, where that is faster.
            min_face: upright faces are found whatever else is in the image, if the longer side of their box has at
                least so many pixels. None: small faces may be missed where the image has larger ones.
        """
        ...


class LandmarkLocator(Protocol):
    """Where the features of a face are whose place is roughly known."""

    def locate(self, pictures: Sequence[Image]) -> Sequence[Landmarks | None]:
        """For each picture (192 x 192 x 3 uint8 BGR) the landmarks of the upright face in its middle, if seen."""
        ...


class FaceAligner(Protocol):
    """A face to the normalised crop that recognisers are trained on."""

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """112 x 112 x 3 uint8 BGR, eyes, nose and mouth at the ArcFace template's places."""
        ...

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        """The face with the landmarks that `align` goes by, in pixels of `image`."""
        ...


class FaceEmbedder(Protocol):
    """Aligned crops to vectors."""

    @property
    def name(self) -> str:
        """The model's name in the catalogue."""
        ...

    @property
    def dimensions(self) -> int:
        """D, the length of a vector."""
        ...

    @property
    def usual_norm(self) -> float | None:
        """The length of the network's vectors for clear faces; None if that isn't known."""
        ...

    def embed(self, crops: Sequence[Crop]) -> NDArray[float32]:
        """N crops (112 x 112 x 3 uint8 BGR) to N x D float32, each row of unit norm; N may be 0."""
        ...

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[float32]:
        """N crops to N x D float32 as the network gives them, of any length; N may be 0."""
        ...

    def directions(self, raw: NDArray[float32]) -> NDArray[float32]:
        """What `embed` makes of the network's vectors: N x D, each row of unit norm; N may be 0."""
        ...

    def relative_norms(self, raw: NDArray[float32]) -> NDArray[float32]:
        """N lengths of the network's vectors by what is usual for clear faces; NaN where that isn't known."""
        ...

    def embed_rated(self, crops: Sequence[Crop]) -> tuple[NDArray[float32], NDArray[float32]]:
        """As `embed`, and N norms (domain.quality.Measure.EMBEDDING_NORM), NaN where that isn't known."""
        ...
