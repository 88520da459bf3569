"""How a person's faces are weighed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.faces import Embedding
from domain.identification import Candidate
from domain.methods import MEAN, METHODS, NEAREST, TEMPLATE, IdentificationMethod
from domain.people import Face, FaceId, ProfileId

PROBE = Embedding.of(np.array([1.0, 0.0, 0.0]), "m")


def person(number: int, *vectors: tuple[float, ...]) -> Candidate:
    """A person whose faces are these directions."""
    rows = np.array(vectors, dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    profile = ProfileId(number)
    faces = tuple(
        Face(FaceId(number * 100 + index), profile, f"P{number}", "m", "d", "default")
        for index in range(len(rows))
    )
    return Candidate(profile, f"P{number}", faces, rows, (None,) * len(rows))


def at(*cosines: float) -> list[tuple[float, float, float]]:
    """Directions that are as similar to the probe as these."""
    return [(cosine, float(np.sqrt(1 - cosine**2)), 0.0) for cosine in cosines]


def test_nearest_takes_the_best_face() -> None:
    best, other = NEAREST.rank(PROBE, [person(1, *at(0.5, 0.6)), person(2, *at(0.9, -0.9))])
    assert (best.name, best.similarity) == ("P2", pytest.approx(0.9))
    assert best.nearest.id == 200
    assert other.similarity == pytest.approx(0.6)


def test_mean_takes_the_average() -> None:
    best, other = MEAN.rank(PROBE, [person(1, *at(0.5, 0.6)), person(2, *at(0.9, -0.9))])
    assert (best.name, best.similarity) == ("P1", pytest.approx(0.55))
    assert other.similarity == pytest.approx(0)
    assert other.nearest_similarity == pytest.approx(0.9)


def test_template_takes_the_mean_direction() -> None:
    (only,) = TEMPLATE.rank(PROBE, [person(1, (1, 1, 0), (1, -1, 0))])
    assert only.similarity == pytest.approx(1)


def test_template_leaves_a_wrong_photo_out() -> None:
    good = [(1.0, 0.1, 0.0), (1.0, -0.1, 0.0), (1.0, 0.0, 0.1)]
    (clean,) = TEMPLATE.rank(PROBE, [person(1, *good)])
    (spoilt,) = TEMPLATE.rank(PROBE, [person(1, *good, (-1.0, 0.3, 0.0))])
    assert spoilt.similarity == pytest.approx(clean.similarity)


def test_template_of_opposite_faces_is_one_of_them() -> None:
    (only,) = TEMPLATE.rank(PROBE, [person(1, (1, 0, 0), (-1, 0, 0))])
    assert abs(only.similarity) == pytest.approx(1)


def test_template_of_faces_of_which_none_are_alike_is_a_direction() -> None:
    angles = np.deg2rad([0, 120, 240])
    away = [(float(np.cos(angle)), float(np.sin(angle)), 0.0) for angle in angles]
    (only,) = TEMPLATE.rank(PROBE, [person(1, *away)])
    assert -1 <= only.similarity <= 1


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_nobody_is_ranked_among_nobody(method: IdentificationMethod) -> None:
    assert method.rank(PROBE, []) == []


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(st.lists(st.lists(st.floats(-1, 1), min_size=1, max_size=4), min_size=1, max_size=5))
def test_every_method_ranks_everybody_once_and_in_range(
    method: IdentificationMethod, cosines: list[list[float]]
) -> None:
    people = [person(number + 1, *at(*values)) for number, values in enumerate(cosines)]
    ranked = method.rank(PROBE, people)
    assert sorted(entry.name for entry in ranked) == sorted(entry.name for entry in people)
    assert all(-1 <= entry.similarity <= 1 for entry in ranked)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=5, unique=True))
def test_with_one_face_a_person_all_methods_agree(method: IdentificationMethod, cosines: list[float]) -> None:
    people = [person(number + 1, *at(value)) for number, value in enumerate(cosines)]
    ranked = method.rank(PROBE, people)
    expected = [entry.similarity for entry in NEAREST.rank(PROBE, people)]
    assert [entry.similarity for entry in ranked] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_one_face_is_one_comparison_and_more_are_no_fewer(method: IdentificationMethod) -> None:
    counts = [method.comparisons(faces) for faces in (1, 2, 9)]
    assert counts[0] == 1
    assert counts == sorted(counts)


def test_each_face_of_a_person_may_be_the_nearest() -> None:
    assert [each.comparisons(9) for each in (NEAREST, TEMPLATE, MEAN)] == [9, 3, 1]
