"""Small faces in large images: the tiles, their scales, and the faces found in them."""

from itertools import pairwise

import numpy as np
import pytest

from adapters.onnx.detectors.tiles import GATED_STEP, Tile, detect_small_faces, new_faces, tiles_of
from application.ports.analysis import DETECTABLE_FACE
from domain.faces import Box, DetectedFace, Image

PICTURE = (480, 640)


def blank(width: int, height: int) -> Image:
    return np.zeros((height, width, 3), np.uint8)


def face(x: float, y: float, side: float, score: float = 0.9) -> DetectedFace:
    return DetectedFace(Box(x, y, side, side), score, np.full((5, 2), (x, y), np.float32))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (640, 480), (641, 480), (8000, 6000), (50, 20_000)])
@pytest.mark.parametrize("overlap", [0.0, 40.0, 100.0])
def test_tiles_cover_the_image_and_overlap(width: int, height: int, overlap: float) -> None:
    tiles = tiles_of(blank(width, height), PICTURE, overlap)
    assert all(tile.right - tile.left <= 642 and tile.bottom - tile.top <= 482 for tile in tiles)
    for low, high, length in (("left", "right", width), ("top", "bottom", height)):
        ranges = sorted({(getattr(tile, low), getattr(tile, high)) for tile in tiles})
        assert (ranges[0][0], ranges[-1][1]) == (0, length)
        assert all(end - start >= overlap for (_, end), (start, _) in pairwise(ranges))


@pytest.mark.parametrize("step", range(0, 800, 37))
@pytest.mark.parametrize("side", [64, 150, 300])
def test_a_face_is_found_once_wherever_it_is(side: int, step: int) -> None:
    """In a photo in which a single pass finds faces of 320 pixels and more only."""
    image = blank(6400, 4800)
    there = face(1000 + step, 700 + step, side)

    def detect(tile: Tile, scale: float) -> list[DetectedFace]:
        """The face, cut where the tile is, if enough of it is there and it is large enough."""
        left, top = tile.left, tile.top
        low = max(there.box.x - left, 0), max(there.box.y - top, 0)
        high = min(there.box.x + side, tile.right) - left, min(there.box.y + side, tile.bottom) - top
        width, height = high[0] - low[0], high[1] - low[1]
        if min(width, height) < side / 2 or side * scale < DETECTABLE_FACE - 1e-6:
            return []
        share = width * height / side**2
        return [DetectedFace(Box(*low, width, height), 0.9 * share, np.full((5, 2), low, np.float32))]

    ((found, scale),) = detect_small_faces(image, detect, 64, 0.1, PICTURE)
    assert (found.box, found.score) == (there.box, 0.9)
    np.testing.assert_array_equal(found.landmarks, there.landmarks)
    assert side * scale >= DETECTABLE_FACE - 1e-6


@pytest.mark.parametrize(
    ("min_face", "seen", "finest"), [(64, 0.1, 0.5), (16, 0.1, 1.0), (128, 0.24, None), (400, 0.1, None)]
)
def test_no_scale_is_finer_than_the_smallest_face_needs(
    min_face: float, seen: float, finest: float | None
) -> None:
    scales: list[float] = []

    def detect(_: Tile, scale: float) -> list[DetectedFace]:
        scales.append(scale)
        return []

    detect_small_faces(blank(6400, 4800), detect, min_face, seen, PICTURE)
    assert max(scales, default=None) == (None if finest is None else pytest.approx(finest))
    assert all(later <= 4.001 * earlier for earlier, later in pairwise([seen, *scales]))


@pytest.mark.parametrize("min_face", [16, 32, 63, 64, 100, 200, 280, 300])
def test_the_last_pass_is_not_much_finer_than_the_one_before(min_face: int) -> None:
    asked: list[float] = []

    def regions(scale: float) -> list[Tile]:
        asked.append(scale)
        return []

    detect_small_faces(blank(6400, 4800), lambda _, __: [], min_face, 0.1, PICTURE, regions)
    assert asked[-1:] == ([min(1, 32 / min_face)] if min_face < 300 else [])
    scales = [0.1, *asked]
    assert all(later <= 4.001 * earlier for earlier, later in pairwise(scales))
    assert all(later <= GATED_STEP * earlier + 1e-9 for earlier, later in pairwise(scales[-2:]))


def test_one_face_of_several_boxes_is_the_best_of_them() -> None:
    best, worse, part, other = face(0, 0, 100), face(5, 5, 100, 0.8), face(10, 10, 40, 0.7), face(200, 0, 100)
    assert new_faces([best, other, worse, part], []) == [best, other]
    assert new_faces([other, part], [best]) == [other]


def test_who_stands_partly_behind_another_is_another() -> None:
    assert len(new_faces([face(0, 0, 100), face(70, 20, 60, 0.8)], [])) == 2


def same(box: Box, other: Box) -> bool:
    """As the module says: boxes that overlap, or a smaller one most of which is in a larger one."""
    overlap = box.overlap(other)
    shared = overlap / (1 + overlap) * (box.area + other.area)
    return overlap >= 0.4 or (box.area < other.area and shared >= 0.7 * box.area)


@pytest.mark.parametrize("seed", range(5))
def test_faces_are_compared_with_each_other_and_with_those_that_are_known(seed: int) -> None:
    dice = np.random.default_rng(seed)
    boxes = [
        Box(*(float(n) for n in (*dice.uniform(0, 300, 2), *dice.uniform(5, 60, 2)))) for _ in range(200)
    ]
    faces = [DetectedFace(box, 0.9) for box in boxes]
    known, given = faces[:40], faces[40:]
    expected: list[DetectedFace] = []
    for each in given:
        if not any(same(each.box, other.box) for other in (*known, *expected)):
            expected.append(each)
    assert 10 < len(expected) < 150
    assert new_faces(given, known) == expected


def test_thousands_of_faces_are_not_compared_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """In Python that takes seconds in which nobody else gets on."""
    grid = [face(50 * (n % 60), 50 * (n // 60), 30) for n in range(3000)]
    monkeypatch.delattr(Box, "overlap")
    assert new_faces(grid, grid[:10]) == grid[10:]
