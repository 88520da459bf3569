import numpy as np
import pytest

from domain.errors import InvalidEmbedding
from domain.faces import Box, DetectedFace, Embedding, largest


def test_an_embedding_is_scaled_to_unit_norm() -> None:
    embedding = Embedding.of(np.array([3.0, 4.0]), "m")
    assert embedding.vector.tolist() == pytest.approx([0.6, 0.8])
    assert embedding.vector.dtype == np.float32


@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_a_vector_without_direction_is_refused(bad: list[float]) -> None:
    with pytest.raises(InvalidEmbedding):
        Embedding.of(np.array(bad), "m")


@pytest.mark.parametrize(
    "bad",
    [
        np.array([2, 0], np.float32),
        np.array([1, 0], np.float64),
        np.array([[1, 0]], np.float32),
        np.array([np.nan], np.float32),
    ],
)
def test_what_is_not_on_the_unit_sphere_is_no_embedding(bad: np.ndarray) -> None:
    with pytest.raises(InvalidEmbedding):
        Embedding(bad, "m")


def test_similarity_is_the_cosine() -> None:
    a, b = Embedding.of(np.array([1.0, 0.0]), "m"), Embedding.of(np.array([1.0, 1.0]), "m")
    assert a.similarity(b) == pytest.approx(np.sqrt(0.5))
    assert a.similarity(a) == 1.0


IMAGE = np.zeros((100, 200, 3), np.uint8)


def test_the_largest_face_has_the_largest_box() -> None:
    small, big = DetectedFace(Box(0, 0, 9, 9), 0.99), DetectedFace(Box(5, 5, 10, 10), 0.6)
    assert largest([small, big], IMAGE) is big


def test_of_a_face_counts_what_is_in_the_image() -> None:
    whole, cut = DetectedFace(Box(20, 20, 30, 30), 0.9), DetectedFace(Box(-30, 60, 40, 40), 0.9)
    assert largest([whole, cut], IMAGE) is whole


@pytest.mark.parametrize(
    ("box", "share"),
    [
        (Box(0, 0, 200, 100), 1),
        (Box(-10, 0, 20, 20), 0.5),
        (Box(190, 90, 20, 20), 0.25),
        (Box(300, 0, 5, 5), 0),
    ],
)
def test_how_much_of_a_box_is_in_the_image(box: Box, share: float) -> None:
    assert box.inside(IMAGE) == pytest.approx(share)
    assert box.visible_side(IMAGE) == pytest.approx((share * box.width * box.height) ** 0.5)


@pytest.mark.parametrize(
    ("other", "shared"),
    [(Box(0, 0, 10, 10), 1), (Box(5, 0, 10, 10), 1 / 3), (Box(10, 0, 10, 10), 0), (Box(2, 2, 5, 5), 0.25)],
)
def test_how_much_two_boxes_share(other: Box, shared: float) -> None:
    assert Box(0, 0, 10, 10).overlap(other) == pytest.approx(shared)
