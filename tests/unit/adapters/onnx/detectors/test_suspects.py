"""Where a closer look is worth it."""

import numpy as np
import pytest

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.suspects import FLOOR, Gate, Suspects
from adapters.onnx.detectors.tiles import Tile, detect_small_faces
from domain.faces import DetectedFace, Image

IMAGE: Image = np.zeros((960, 1280, 3), np.uint8)
PICTURE: Image = np.zeros((480, 640, 3), np.uint8)


def suspects(*middles: tuple[float, float], size: float = 16, score: float = FLOOR) -> Suspects:
    """Given in pixels of PICTURE."""
    boxes = np.array([(x - size / 2, y - size / 2, size, size) for x, y in middles], np.float32)
    return Suspects.of(
        Detections(np.full(len(middles), score, np.float32), boxes.reshape(-1, 4), None), PICTURE
    )


def area(tiles: list[Tile]) -> int:
    return sum((tile.right - tile.left) * (tile.bottom - tile.top) for tile in tiles)


def shows(tiles: list[Tile], x: float, y: float, around: float) -> bool:
    """Whether one of them shows a point and what is around it, as far as the image goes."""
    return any(
        tile.left <= max(0, x - around)
        and tile.top <= max(0, y - around)
        and tile.right >= min(1280, x + around)
        and tile.bottom >= min(960, y + around)
        for tile in tiles
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("count", [1, 3, 10, 40])
def test_each_suspect_is_shown_with_its_surroundings(seed: int, count: int) -> None:
    dice = np.random.default_rng(seed)
    middles = [(float(x), float(y)) for x, y in dice.uniform((0, 0), (640, 480), (count, 2))]
    found = suspects(*middles).regions(IMAGE, 1.0)
    assert all(shows(found, 2 * x, 2 * y, 64) for x, y in middles)
    assert area(found) <= min(count * 144**2, IMAGE.shape[0] * IMAGE.shape[1])


def test_surroundings_are_as_large_in_the_picture_at_every_scale() -> None:
    (tile,) = suspects((320, 240)).regions(np.zeros((1920, 2560, 3), np.uint8), 0.5)
    assert (tile.left, tile.top, tile.right, tile.bottom) == (1152, 832, 1440, 1120)


def test_nothing_is_shown_where_nothing_is_suspected() -> None:
    assert suspects().regions(IMAGE, 1.0) == []


def test_neighbours_share_a_region() -> None:
    assert len(suspects((300, 200), (310, 205), (330, 200)).regions(IMAGE, 1.0)) == 1


def test_of_many_suspects_all_is_shown_once() -> None:
    everywhere = [(x, y) for x in range(10, 640, 40) for y in range(10, 480, 40)]
    assert suspects(*everywhere).regions(IMAGE, 1.0) == [Tile(0, 0, 1280, 960)]


@pytest.mark.parametrize("count", [3000, 100_000])
def test_suspects_are_not_joined_without_end(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All in a quarter of the image, which they don't fill."""
    monkeypatch.setattr("adapters.onnx.detectors.suspects._areas", None)
    middles = np.random.default_rng(0).uniform((0, 0), (0.5, 0.5), (count, 2)).astype(np.float32)
    assert Suspects(middles).regions(IMAGE, 1.0) == [Tile(0, 0, 1280, 960)]


@pytest.mark.parametrize(
    ("size", "score", "count"), [(64, FLOOR, 1), (66, 0.29, 0), (66, 0.31, 1), (400, 0.6, 1)]
)
def test_large_suspects_count_only_if_they_are_likely(size: float, score: float, count: int) -> None:
    assert len(suspects((320, 240), size=size, score=score).middles) == count


@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (33, 17), (960, 1280)])
def test_images_of_any_shape(shape: tuple[int, int]) -> None:
    image = np.zeros((*shape, 3), np.uint8)
    corners = suspects((0, 0), (640, 480), (640, 0))
    for tile in corners.regions(image, 1.0):
        assert 0 <= tile.left < tile.right <= shape[1]
        assert 0 <= tile.top < tile.bottom <= shape[0]


def test_a_pass_that_is_much_finer_sees_everything_and_leads_the_next() -> None:
    """A face that has 32 pixels in the finer picture has too few in the other to leave a trace."""
    gate = Gate(IMAGE, 0.1, suspects((320, 240)))
    gate.note(suspects((10, 10)), Tile(0, 0, 100, 100), 0.5)
    assert gate.regions(0.5) is None
    assert gate.regions(1.0) == []
    gate.note(suspects((320, 240)), Tile(200, 300, 400, 500), 0.5)
    gate.note(suspects((320, 240)), Tile(800, 300, 1000, 500), 0.5)
    assert gate.regions(1.0) == suspects((150, 200), (450, 200)).regions(IMAGE, 1.0)
    gate.note(suspects((320, 240)), Tile(0, 0, 100, 100), 1.0)
    assert gate.regions(1.0) == suspects((150, 200), (450, 200)).regions(IMAGE, 1.0)


def test_faces_are_looked_for_where_they_are_suspected() -> None:
    seen: list[tuple[int, ...]] = []

    def detect(tile: Tile, _: float) -> list[DetectedFace]:
        seen.append(tile.of(IMAGE).shape)
        return []

    gate = Gate(IMAGE, 0.5, suspects((100, 100), (500, 400)))
    detect_small_faces(IMAGE, detect, 32, 0.5, (768, 768), gate.regions)
    assert seen == [(144, 144, 3)] * 2
