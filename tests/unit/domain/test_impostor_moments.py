import numpy as np
import pytest

from domain.impostors import Cohort, ImpostorDistribution, ImpostorMoments

PRIOR = ImpostorDistribution(0.05, 0.1)


@pytest.mark.parametrize(("people", "dimensions"), [(40, 32), (2, 32), (0, 0), (40, 16)])
def test_the_moments_of_many_faces_are_those_of_each(people: int, dimensions: int) -> None:
    random = np.random.default_rng(3)
    vectors = [random.standard_normal((count, size)) for count, size in ((people, dimensions), (1100, 32))]
    cohort, faces = (
        (each / np.maximum(np.linalg.norm(each, axis=1, keepdims=True), 1e-9)).astype(np.float32)
        for each in vectors
    )
    cohort[: len(cohort) // 2] = faces[: len(cohort) // 2, :dimensions]  # some are in the cohort themselves
    drawn = Cohort.of(people, cohort)
    moments = ImpostorMoments.of(faces, drawn, PRIOR)
    each = [drawn.impostors_of(face, PRIOR) for face in faces]
    assert moments.mean == pytest.approx([one.mean for one in each], abs=1e-6)
    assert moments.deviation == pytest.approx([one.deviation for one in each], abs=1e-6)
