"""From the file of a photo to the faces in it, decoded in no more pixels than these need."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from application.analysis.selection import FaceSelection
from application.ports.analysis import DETECTABLE_FACE, FaceDetector, FirstPass, ImageDecoder
from application.ports.workers import ensure_wanted
from application.stages import Stage, stage
from domain.faces import DetectedFace, Image, ScaledImage

DEFAULT_MIN_FACE = 80
"""Pixels of the photo, the longer side of a face's box, from which on all faces are found where all are asked for,
however large the photo is and whatever else is in it."""
MIN_FACE_RANGE = (DETECTABLE_FACE, 1000)
"""What a request may ask for instead."""
_DETAIL_SIDE = 1280
"""Long side of the picture in which small faces are looked for unless a request says how small they are; the same in
which a detector looks for the face of a photo that seems to have none."""
_PREVIEW_SIDE = 640
"""Long side of the picture in which large faces are looked for."""
_COARSE_SIDE = 320
"""Long side of the picture in which a face is looked for that is plain to see."""
_CROP_SIDE = 112
"""Pixels of a face's box, the longer side, below which its crop is taken from more pixels of the file; the crop has
as many. Measured in docs/accuracy.md."""

FaceSelector = Callable[[Sequence[DetectedFace], Image], list[DetectedFace]]
"""Which of the faces in an image are meant; it may raise what the caller is to see."""


@dataclass(frozen=True, slots=True, eq=False)
class LocatedFaces:
    """A photo, decoded, and some of the faces in it."""

    image: ScaledImage
    faces: list[DetectedFace]
    """In pixels of `image`."""
    left_out: int = 0
    """Faces that were detected and not selected."""


def locate_faces(
    data: bytes,
    decoder: ImageDecoder,
    detector: FaceDetector,
    select: FaceSelector,
    *,
    wanted: FaceSelection = FaceSelection.SINGLE,
    min_face: int | None = None,
    whole: bool = False,
) -> LocatedFaces:
    """The selected faces of an image file, in an image that is large enough for their crops.

    Args:
        data: the file.
        decoder: reads it.
        detector: detects faces.
        select: selects among them.
        wanted: what can be selected. With LARGEST, others may be missed; with ALL, none of at least `min_face` is.
        min_face: pixels of the photo. None: DEFAULT_MIN_FACE, or a fortieth of its longer side if that is less.
        whole: decode all pixels of the file, and detect in them.

    Raises:
        InvalidImage, ImageTooLarge: see ImageDecoder.
    """
    every = wanted is FaceSelection.ALL
    if whole:
        image = ScaledImage(decoder.decode(data))
    elif every:
        side = _PREVIEW_SIDE if min_face else _DETAIL_SIDE
        image = decoder.decode_reduced(data, side, (min_face or DEFAULT_MIN_FACE) // DETECTABLE_FACE)
    else:
        image = decoder.decode_reduced(data, _PREVIEW_SIDE)
    ensure_wanted()
    quick = wanted is FaceSelection.LARGEST and not whole
    first: FirstPass | None = None
    with stage(Stage.DETECT):
        if every:
            found = detector.detect(image.pixels, min_face=_in_image(min_face, image))
        elif image.reduction > 1 or max(image.pixels.shape) > _DETAIL_SIDE:
            first = detector.detect_first(image.pixels, largest_only=quick)
            found = first.faces
        else:
            found = detector.detect(image.pixels, largest_only=quick)
    if first is not None and not found and _in_image(None, image) < first.complete_from:
        if image.reduction > 1:
            image = decoder.decode_reduced(data, _DETAIL_SIDE, DEFAULT_MIN_FACE // DETECTABLE_FACE)
            ensure_wanted()
        with stage(Stage.DETECT):
            found = first.closer(image.pixels, _in_image(None, image))
    ensure_wanted()
    faces = select(found, image.pixels)
    return _in_enough_pixels(data, decoder, LocatedFaces(image, faces, len(found) - len(faces)))


def locate_coarsely(data: bytes, decoder: ImageDecoder, detector: FaceDetector) -> LocatedFaces | None:
    """The largest face of an image file, if FaceDetector.detect_coarsely finds it.

    Raises:
        InvalidImage, ImageTooLarge: see ImageDecoder.
    """
    image = decoder.decode_reduced(data, _COARSE_SIDE)
    ensure_wanted()
    with stage(Stage.DETECT):
        face = detector.detect_coarsely(image.pixels)
    return None if face is None else _in_enough_pixels(data, decoder, LocatedFaces(image, [face]))


def _in_enough_pixels(data: bytes, decoder: ImageDecoder, located: LocatedFaces) -> LocatedFaces:
    """The same faces, in an image that is large enough for their crops."""
    image, faces = located.image, located.faces
    smallest = min((face.box.longer for face in faces), default=math.inf)
    if image.reduction == 1 or smallest >= _CROP_SIDE:
        return located
    enough = math.ceil(max(image.pixels.shape[:2]) * _CROP_SIDE / max(smallest, 1))
    finer = decoder.decode_reduced(data, enough)
    times = image.reduction // finer.reduction
    return LocatedFaces(finer, [face.enlarged(times) for face in faces], located.left_out)


def _in_image(min_face: int | None, image: ScaledImage) -> float:
    """The smallest face that must be found, in pixels of an image."""
    if min_face is not None:
        return min_face / image.reduction
    detail = DETECTABLE_FACE / _DETAIL_SIDE * max(image.pixels.shape[:2])
    return float(min(DEFAULT_MIN_FACE / image.reduction, detail))
