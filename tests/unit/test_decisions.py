import numpy as np
import pytest

from domain.errors import ModelNotCalibrated
from domain.identification import RankedPerson, Verdict, identification_fmr, verdict
from domain.people import Face, FaceId, ProfileId
from tests.unit.fakes import policy


def ranked(*similarities: float) -> list[RankedPerson]:
    people = []
    for number, similarity in enumerate(similarities):
        face = Face(FaceId(number), ProfileId(number), f"P{number}", "m", "d", "default")
        people.append(RankedPerson(face.profile_id, face.name, similarity, face, similarity))
    return people


@pytest.mark.parametrize(
    ("similarities", "expected"),
    [
        ([], Verdict.UNKNOWN),
        ([0.49], Verdict.UNKNOWN),
        ([0.49, 0.49], Verdict.UNKNOWN),
        ([0.5], Verdict.MATCH),
        ([0.7, 0.6], Verdict.MATCH),
        ([0.7, 0.66], Verdict.AMBIGUOUS),
        ([0.52, 0.49], Verdict.MATCH),
    ],
)
def test_a_verdict_needs_similarity_and_distance(similarities: list[float], expected: Verdict) -> None:
    assert verdict(ranked(*similarities), threshold=0.5, margin=0.05) is expected


def test_without_a_margin_nothing_is_ambiguous() -> None:
    assert verdict(ranked(0.7, 0.7), threshold=0.5, margin=0) is Verdict.MATCH


@pytest.mark.parametrize("people", [1, 10, 1000, 10**6])
def test_so_many_comparisons_at_that_rate_err_as_often_as_wanted(people: int) -> None:
    fmr = identification_fmr(0.01, people)
    assert 1 - (1 - fmr) ** people == pytest.approx(0.01, rel=1e-3)


def test_nobody_to_be_compared_with_cannot_be_confused() -> None:
    assert identification_fmr(0.01, 0) == 1


def test_a_search_of_more_people_is_stricter_and_never_looser_than_a_verification() -> None:
    decisions = policy()
    verification = decisions.verification("m").similarity
    few, many, most = (decisions.identification("m", people).similarity for people in (1, 10_000, 1_000_000))
    assert few == verification
    assert verification < many < most


def test_whoever_has_more_faces_must_be_more_similar() -> None:
    decisions = policy()
    for people in (1, 1000):
        one, three = (decisions.identification("m", people, comparisons=faces) for faces in (1, 3))
        assert three.similarity > one.similarity
        assert three.fmr == pytest.approx((one.fmr or 0) / 3)
    assert decisions.verification("m", comparisons=2).fmr == pytest.approx(0.5e-4)


def test_a_search_errs_half_as_often_as_it_may() -> None:
    assert policy().identification("m", 1000).fmr == pytest.approx(identification_fmr(0.01, 1000) / 2)


def test_a_threshold_of_the_request_comes_with_its_rate() -> None:
    threshold = policy().identification("m", 1000, wanted=0.8)
    assert (threshold.similarity, threshold.fmr) == (0.8, pytest.approx(1e-2))


def test_a_model_without_calibration_decides_nothing_by_itself() -> None:
    class Nothing:
        def load(self, model: str) -> None:
            assert model

    decisions = policy(calibrations=Nothing())
    with pytest.raises(ModelNotCalibrated):
        decisions.verification("m")
    assert decisions.verification("m", 0.5).fmr is None


def test_rates_of_thresholds_are_monotone() -> None:
    thresholds = [policy().identification("m", int(people)).similarity for people in np.geomspace(1, 1e7, 20)]
    assert thresholds == sorted(thresholds)
