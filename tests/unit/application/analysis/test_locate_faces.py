"""How many pixels of a photo are decoded for the faces in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from application.analysis.detection import locate_coarsely, locate_faces
from application.analysis.selection import FaceSelection
from application.ports.analysis import FaceDetector, FirstPass
from domain.errors import NoFaceDetected
from domain.faces import Box, DetectedFace, Image, ScaledImage

POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)


@dataclass
class Reducing:
    """A decoder of one photo, four by three."""

    width: int = 4000
    asked: list[int] = field(default_factory=list)
    """The width of every answer."""

    def decode(self, data: bytes) -> Image:
        return self._image(1)

    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        allowed = min(max_reduction, self.width // long_side)
        reduction = next((each for each in (8, 4, 2) if each <= allowed), 1)
        return ScaledImage(self._image(reduction), reduction)

    def _image(self, reduction: int) -> Image:
        self.asked.append(self.width // reduction)
        return np.zeros((self.width * 3 // 4 // reduction, self.width // reduction, 3), np.uint8)


@dataclass
class Faces:
    """A detector that finds faces of these widths, given in parts of the image; the first only in large ones."""

    widths: tuple[float, ...]
    large_only: bool = False
    name: str = "faces"
    asked_for_largest: list[bool] = field(default_factory=list)
    asked_for_small: list[float | None] = field(default_factory=list)

    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        """See FaceDetector.detect_first."""
        return FaceDetector.detect_first(self, image, largest_only=largest_only)

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return next(iter(self.detect(image)), None)

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        self.asked_for_largest.append(largest_only)
        self.asked_for_small.append(min_face)
        if self.large_only and image.shape[1] < 2000:
            return []
        return [
            DetectedFace(Box(8, 4, image.shape[1] * width, image.shape[1] * width), 0.9, POINTS)
            for width in self.widths
        ]


def everyone(faces: Sequence[DetectedFace], _: Image) -> list[DetectedFace]:
    return list(faces)


def first(faces: Sequence[DetectedFace], _: Image) -> list[DetectedFace]:
    if not faces:
        raise NoFaceDetected("nobody")
    return list(faces[:1])


def test_large_faces_need_few_pixels() -> None:
    decoder = Reducing()
    located = locate_faces(b"", decoder, Faces((0.2, 0.3)), everyone)
    assert decoder.asked == [1000]
    assert (located.image.reduction, located.image.pixels.shape[1], len(located.faces)) == (4, 1000, 2)


@pytest.mark.parametrize(
    ("width", "times"), [(0.112, 4), (0.111, 2), (0.056, 2), (0.05, 1), (0.02, 1), (0.0001, 1), (0, 1)]
)
def test_a_small_face_is_cut_from_as_many_pixels_as_it_needs(width: float, times: int) -> None:
    decoder = Reducing()
    located = locate_faces(b"", decoder, Faces((0.3, width)), everyone)
    assert decoder.asked == [1000] if times == 4 else [1000, 4000 // times]
    assert (located.image.reduction, located.image.pixels.shape[1]) == (times, 4000 // times)
    larger = 4 / times
    assert located.faces[1].box == Box(8 * larger, 4 * larger, 1000 * width * larger, 1000 * width * larger)
    landmarks = located.faces[1].landmarks
    assert landmarks is not None
    np.testing.assert_array_equal(landmarks, larger * POINTS)


@pytest.mark.parametrize("wanted", FaceSelection)
def test_the_detector_is_told_which_faces_are_wanted(wanted: FaceSelection) -> None:
    detector = Faces((0.3,))
    locate_faces(b"", Reducing(), detector, first, wanted=wanted, min_face=100)
    assert detector.asked_for_largest == [wanted is FaceSelection.LARGEST]
    assert [bool(small) for small in detector.asked_for_small] == [wanted is FaceSelection.ALL]


@pytest.mark.parametrize(
    ("width", "min_face", "decoded", "smallest"),
    [
        (4000, None, 2000, 80),
        (8000, None, 4000, 80),
        (1600, None, 1600, 40),
        (600, None, 600, 15),
        (4000, 32, 4000, 32),
        (4000, 63, 4000, 63),
        (4000, 64, 2000, 64),
        (8000, 200, 2000, 200),
        (8000, 1000, 1000, 1000),
    ],
)
def test_where_all_faces_are_wanted_the_smallest_has_enough_pixels(
    width: int, min_face: int | None, decoded: int, smallest: float
) -> None:
    decoder, detector = Reducing(width), Faces((0.3,))
    locate_faces(b"", decoder, detector, everyone, wanted=FaceSelection.ALL, min_face=min_face)
    assert decoder.asked == [decoded]
    assert detector.asked_for_small == [smallest * decoded / width]


def test_where_all_faces_were_looked_for_none_are_looked_for_again() -> None:
    decoder = Reducing()
    assert locate_faces(b"", decoder, Faces(()), everyone, wanted=FaceSelection.ALL).faces == []
    assert decoder.asked == [2000]


def test_small_faces_that_nobody_asked_for_cost_nothing() -> None:
    decoder = Reducing()
    assert locate_faces(b"", decoder, Faces((0.3, 0.05)), first).image.reduction == 4
    assert decoder.asked == [1000]


def test_where_nothing_is_seen_more_pixels_are_searched() -> None:
    """And a small face is cut from all of them."""
    decoder = Reducing()
    located = locate_faces(b"", decoder, Faces((0.02,), large_only=True), everyone)
    assert decoder.asked == [1000, 2000, 4000]
    assert (located.image.reduction, len(located.faces)) == (1, 1)


@pytest.mark.parametrize(
    ("width", "asked"),
    [(4000, [None, 40]), (8000, [None, 40]), (2000, [None, 50]), (1279, [None]), (600, [None])],
)
def test_where_nothing_is_seen_small_faces_are_looked_for(width: int, asked: list[float | None]) -> None:
    """People far away in a large photo are found although nobody said that there are several."""
    detector = Faces(())
    assert locate_faces(b"", Reducing(width), detector, everyone).faces == []
    assert detector.asked_for_small == asked


@pytest.mark.parametrize(("complete_from", "decoded"), [(19, [1000]), (20, [1000]), (21, [1000, 2000])])
def test_a_look_that_leaves_nothing_open_is_the_last(complete_from: float, decoded: list[int]) -> None:
    """The smallest face of 4,000 pixels has 80 of them, and 20 of the 1,000 that are looked at first."""

    class Thorough(Faces):
        def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
            return replace(
                super().detect_first(image, largest_only=largest_only), complete_from=complete_from
            )

    decoder = Reducing()
    assert locate_faces(b"", decoder, Thorough(()), everyone).faces == []
    assert decoder.asked == decoded


def test_small_faces_are_looked_for_in_large_photos_that_can_not_be_reduced() -> None:
    detector = Faces(())
    assert locate_faces(b"", Reducing(), detector, everyone, whole=True).faces == []
    assert detector.asked_for_small == [None, 80]


def test_no_face_at_all_is_the_callers_to_judge() -> None:
    assert locate_faces(b"", Reducing(), Faces(()), everyone).faces == []
    with pytest.raises(NoFaceDetected):
        locate_faces(b"", Reducing(), Faces(()), first)


def test_who_needs_all_pixels_gets_them() -> None:
    decoder = Reducing()
    assert locate_faces(b"", decoder, Faces((0.3,)), everyone, whole=True).image.reduction == 1
    assert decoder.asked == [4000]


@pytest.mark.parametrize(
    ("width", "face", "decoded", "reduction"),
    [(4000, 0.3, [500], 8), (4000, 0.22, [500, 1000], 4), (1000, 0.3, [500], 2), (250, 0.3, [250], 1)],
    ids=["large", "smaller than its crop", "1 MP", "small photo"],
)
def test_a_face_that_is_detected_coarsely_needs_few_pixels(
    width: int, face: float, decoded: list[int], reduction: int
) -> None:
    decoder = Reducing(width)
    located = locate_coarsely(b"", decoder, Faces((face,)))
    assert located is not None
    assert (decoder.asked, located.image.reduction) == (decoded, reduction)
    assert located.faces[0].box.width == pytest.approx(face * width / reduction)


def test_where_no_face_is_detected_coarsely_there_is_none() -> None:
    assert locate_coarsely(b"", Reducing(), Faces(())) is None
