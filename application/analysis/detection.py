"""From an image file to the faces in it, with no more pixels than they need."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.ports.analysis import FaceDetector, ImageDecoder
from domain.faces import DetectedFace, Image, ScaledImage

_PREVIEW_SIDE = 640
"""The least long side of an image that faces are looked for in: detectors see no more at first."""
_LEAST_FACE = 112
"""Pixels of a face's box, the longer side, below which its crop is taken from more pixels of the file; the crop
has as many. Measured in docs/accuracy.md."""

FaceSelector = Callable[[Sequence[DetectedFace], Image], list[DetectedFace]]
"""Which of the faces in an image are meant; may raise what the caller is to see."""


@dataclass(frozen=True, slots=True, eq=False)
class LocatedFaces:
    """An image and some of the faces in it."""

    image: ScaledImage
    faces: list[DetectedFace]
    """In pixels of `image`."""
    left_out: int = 0
    """Faces that were found and are not among them."""


def locate_faces(
    data: bytes,
    decoder: ImageDecoder,
    detector: FaceDetector,
    choose: FaceSelector,
    *,
    whole: bool = False,
    largest_only: bool = False,
) -> LocatedFaces:
    """The chosen faces of an image file.

    The image is large enough for their crops.

    Args:
        data: the file.
        decoder: what reads it.
        detector: what looks for faces.
        choose: which of them are meant.
        whole: all pixels of the file are asked for.
        largest_only: only the largest face can be meant.

    Raises:
        InvalidImage, ImageTooLarge: see ImageDecoder.
    """
    image = ScaledImage(decoder.decode(data)) if whole else decoder.decode_reduced(data, _PREVIEW_SIDE)
    found = detector.detect(image.pixels, largest_only=largest_only)
    if image.reduction > 1 and not found:
        image = ScaledImage(decoder.decode(data))
        found = detector.detect(image.pixels, largest_only=largest_only)
    faces = choose(found, image.pixels)
    left_out = len(found) - len(faces)
    smallest = min((face.box.longer for face in faces), default=math.inf)
    if image.reduction == 1 or smallest >= _LEAST_FACE:
        return LocatedFaces(image, faces, left_out)
    enough = math.ceil(max(image.pixels.shape[:2]) * _LEAST_FACE / max(smallest, 1))
    finer = decoder.decode_reduced(data, enough)
    return LocatedFaces(
        finer, [face.enlarged(image.reduction // finer.reduction) for face in faces], left_out
    )
