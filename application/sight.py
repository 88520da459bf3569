"""From an image file to the faces in it, with no more pixels than they need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.ports.analysis import FaceDetector, ImageDecoder
from domain.faces import DetectedFace, Image

_PREVIEW_SIDE = 800
"""The least long side of an image that faces are looked for in: detectors see no more than 640 pixels at first."""
_LEAST_FACE = 112
"""Pixels of a face's box, the longer side, below which its crop is taken from all pixels of the file; the crop
has as many. Measured in docs/accuracy.md."""

Choice = Callable[[Sequence[DetectedFace], Image], list[DetectedFace]]
"""Which of the faces in an image are meant; may raise what the caller is to see."""


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """An image and some of the faces in it."""

    image: Image
    faces: list[DetectedFace]
    """In pixels of `image`."""
    times: int = 1
    """Pixels of the file that one of `image` stands for, in each direction."""


def look(
    data: bytes, decoder: ImageDecoder, detector: FaceDetector, choose: Choice, *, whole: bool = False
) -> Sight:
    """The chosen faces of an image file.

    The image is large enough for their crops; `whole` asks for all pixels of the file.

    Raises:
        InvalidImage, ImageTooLarge: see ImageDecoder.
    """
    image, times = (decoder.decode(data), 1) if whole else decoder.decode_reduced(data, _PREVIEW_SIDE)
    found = detector.detect(image)
    if times > 1 and not found:
        image, times = decoder.decode(data), 1
        found = detector.detect(image)
    faces = choose(found, image)
    if times > 1 and any(max(face.box.width, face.box.height) < _LEAST_FACE for face in faces):
        return Sight(decoder.decode(data), [face.enlarged(times) for face in faces])
    return Sight(image, faces, times)
