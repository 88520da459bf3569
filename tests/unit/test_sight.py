"""How many pixels of a photo are decoded for the faces in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from application.sight import look
from domain.errors import NoFaceDetected
from domain.faces import Box, DetectedFace, Image

POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)


@dataclass
class TwoSizes:
    """A decoder of one photo: 4000 x 3000, or a quarter of that."""

    asked: list[str] = field(default_factory=list)

    def decode(self, data: bytes) -> Image:
        self.asked.append("whole")
        return np.zeros((3000, 4000, 3), np.uint8)

    def decode_reduced(self, data: bytes, long_side: int) -> tuple[Image, int]:
        assert long_side <= 1000
        self.asked.append("reduced")
        return np.zeros((750, 1000, 3), np.uint8), 4


@dataclass
class Faces:
    """A detector that finds faces of these widths, given in parts of the image; the first only in large ones."""

    widths: tuple[float, ...]
    large_only: bool = False
    name: str = "faces"

    def detect(self, image: Image) -> list[DetectedFace]:
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
    decoder = TwoSizes()
    sight = look(b"", decoder, Faces((0.2, 0.3)), everyone)
    assert decoder.asked == ["reduced"]
    assert (sight.times, sight.image.shape[1], len(sight.faces)) == (4, 1000, 2)


def test_a_small_face_is_cut_from_all_pixels_where_it_was_seen() -> None:
    decoder = TwoSizes()
    sight = look(b"", decoder, Faces((0.3, 0.05)), everyone)
    assert decoder.asked == ["reduced", "whole"]
    assert (sight.times, sight.image.shape[1]) == (1, 4000)
    assert sight.faces[1].box == Box(32, 16, 200, 200)
    landmarks = sight.faces[1].landmarks
    assert landmarks is not None
    np.testing.assert_array_equal(landmarks, 4 * POINTS)


def test_small_faces_that_nobody_asked_for_cost_nothing() -> None:
    decoder = TwoSizes()
    assert look(b"", decoder, Faces((0.3, 0.05)), first).times == 4
    assert decoder.asked == ["reduced"]


def test_where_nothing_is_seen_all_pixels_are_searched() -> None:
    decoder = TwoSizes()
    sight = look(b"", decoder, Faces((0.02,), large_only=True), everyone)
    assert decoder.asked == ["reduced", "whole"]
    assert (sight.times, len(sight.faces)) == (1, 1)


def test_no_face_at_all_is_the_callers_to_judge() -> None:
    assert look(b"", TwoSizes(), Faces(()), everyone).faces == []
    with pytest.raises(NoFaceDetected):
        look(b"", TwoSizes(), Faces(()), first)


def test_who_needs_all_pixels_gets_them() -> None:
    decoder = TwoSizes()
    assert look(b"", decoder, Faces((0.3,)), everyone, whole=True).times == 1
    assert decoder.asked == ["whole"]
