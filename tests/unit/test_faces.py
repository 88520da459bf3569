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


def test_the_largest_face_has_the_largest_box() -> None:
    small, big = DetectedFace(Box(0, 0, 9, 9), 0.99), DetectedFace(Box(5, 5, 10, 10), 0.6)
    assert largest([small, big]) is big
