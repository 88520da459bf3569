"""Similarities as complex numbers, against their matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.imaging.similarity import Similarity

numbers = st.floats(-100, 100, width=32)
points = st.builds(complex, numbers, numbers)
similarities = st.builds(Similarity, points.filter(lambda turn: abs(turn) > 1e-2), points, st.booleans())


@given(similarities, points)
def test_the_matrix_does_the_same(one: Similarity, point: complex) -> None:
    x, y = one.matrix() @ [point.real, point.imag, 1]
    assert one(point) == pytest.approx(complex(x, y), abs=1e-6)


@given(similarities, similarities, points)
def test_one_after_the_other(one: Similarity, other: Similarity, point: complex) -> None:
    assert one.after(other)(point) == pytest.approx(one(other(point)), rel=1e-6, abs=1e-6)


@given(similarities, points)
def test_the_inverse_leads_back(one: Similarity, point: complex) -> None:
    assert one.inverse()(one(point)) == pytest.approx(point, rel=1e-6, abs=1e-6)


@given(similarities)
def test_mirroring_turns_the_plane_over(one: Similarity) -> None:
    assert (np.linalg.det(one.matrix()[:, :2]) < 0) == one.mirrored
