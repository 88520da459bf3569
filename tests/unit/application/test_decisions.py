from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.decisions import CalibrationMode, ComparedFaces
from domain.calibration import CalibrationTable, OperatingPoint, Population
from domain.errors import ModelNotCalibrated
from domain.faces import Embedding
from domain.identification import RankedPerson, Verdict, fmr_for_fpir, fpir_for_fmr, verdict
from domain.impostors import Cohort, ImpostorDistribution, normalised_score, similarity_at
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
    fmr = fmr_for_fpir(0.01, people)
    assert 1 - (1 - fmr) ** people == pytest.approx(0.01, rel=1e-3)
    assert fpir_for_fmr(fmr, people) == pytest.approx(0.01)


def test_searches_among_nobody_never_err() -> None:
    assert fpir_for_fmr(0.5, 0) == fpir_for_fmr(1, 0) == 0
    assert fpir_for_fmr(1, 3) == 1


def test_nobody_to_be_compared_with_cannot_be_confused() -> None:
    assert fmr_for_fpir(0.01, 0) == 1


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
    assert policy().identification("m", 1000).fmr == pytest.approx(fmr_for_fpir(0.01, 1000) / 2)


def test_a_threshold_of_the_request_comes_with_its_rate() -> None:
    threshold = policy().identification("m", 1000, wanted=0.8)
    assert (threshold.similarity, threshold.fmr) == (0.8, pytest.approx(1e-2))


def test_a_model_without_calibration_decides_nothing_by_itself() -> None:
    decisions = policy(load_table=lambda _: None)
    with pytest.raises(ModelNotCalibrated):
        decisions.verification("m")
    assert decisions.verification("m", 0.5).fmr is None


def test_rates_of_thresholds_are_monotone() -> None:
    thresholds = [policy().identification("m", int(people)).similarity for people in np.geomspace(1, 1e7, 20)]
    assert thresholds == sorted(thresholds)


TABLE = CalibrationTable(
    model="m",
    detection="d",
    data="made up",
    people=1000,
    photos=1000,
    comparisons=499_500,
    points=(OperatingPoint(1e-2, 0.3, 1e-2, 1e-2), OperatingPoint(1e-4, 0.45, 1e-4, 1e-4)),
    tail_scale=0.02,
    impostors=ImpostorDistribution(0.05, 0.1),
    populations=(
        Population("one", 500, ImpostorDistribution(0.05, 0.1)),
        Population("other", 500, ImpostorDistribution(0.07, 0.12)),
    ),
)
FITTED = policy(load_table={"m": TABLE}.get)
BY_TABLE = replace(FITTED, mode=CalibrationMode.TABLE)


def compared(common: float, people: int = 200, dimensions: int = 64) -> ComparedFaces:
    """Two faces among people who are the more alike, the greater `common` is."""
    vectors = np.random.default_rng(3).standard_normal((people + 2, dimensions))
    vectors[:, 0] += common * dimensions**0.5
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = vectors.astype(np.float32)
    probe, reference = (Embedding(vector, "m") for vector in unit[people:])
    return ComparedFaces(Cohort.of(people, unit[:people]), probe, reference)


UNLIKE, ALIKE = compared(0.0, dimensions=400), compared(0.5)


def test_of_unknown_people_an_average_is_expected() -> None:
    expected = similarity_at(TABLE.score_at(1e-4), TABLE.prior, TABLE.prior)
    assert FITTED.verification("m").similarity == pytest.approx(expected) == pytest.approx(0.06 + 4 * 0.11)


def with_norms(faces: ComparedFaces, probe: float | None, reference: float | None) -> ComparedFaces:
    return replace(
        faces,
        probe=replace(faces.probe, norm=probe),
        reference=replace(faces.reference, norm=reference),
    )


@pytest.mark.parametrize(
    ("norms", "stricter"), [((6.0, 6.0), 1), ((6.0, 12.5), -1), ((9.0, 9.0), 0), ((6.0, None), 0)]
)
def test_two_short_embeddings_need_more_and_a_short_with_a_long_one_less(
    norms: tuple[float | None, float | None], stricter: int
) -> None:
    measured = replace(FITTED, load_table={"m": replace(TABLE, usual_norm=10.0)}.get)
    usual = measured.verification("m", faces=ALIKE).similarity
    found = measured.verification("m", faces=with_norms(ALIKE, *norms)).similarity
    assert np.sign(round(found - usual, 6)) == stricter
    assert FITTED.verification("m", faces=with_norms(ALIKE, *norms)).similarity == usual
    wanted = measured.verification("m", found, faces=with_norms(ALIKE, *norms))
    assert wanted.fmr == pytest.approx(1e-4)


def test_people_who_are_more_alike_have_a_higher_threshold() -> None:
    assert FITTED.verification("m", faces=ALIKE).similarity > FITTED.verification("m").similarity + 0.1
    alike, average = (FITTED.identification("m", 50, faces=faces).similarity for faces in (ALIKE, None))
    assert alike > average + 0.1


def test_it_is_the_similarity_with_the_normalised_score_of_the_tables_threshold() -> None:
    one, other = (
        ALIKE.cohort.impostors_of(face.vector, TABLE.prior) for face in (ALIKE.probe, ALIKE.reference)
    )
    threshold = FITTED.verification("m", faces=ALIKE)
    assert threshold.fmr == 1e-4
    assert normalised_score(threshold.similarity, one, other) == pytest.approx((0.45 - 0.05) / 0.1)


@pytest.mark.parametrize("common", [0.0, 0.2, 0.5, 1.5, 5.0])
@pytest.mark.parametrize("fmr", [1e-1, 1e-2, 1e-4, 1e-6])
def test_a_threshold_is_never_looser_than_the_table(common: float, fmr: float) -> None:
    decisions = replace(FITTED, target_fmr=fmr)
    for people in (3, 20, 300):
        threshold = decisions.verification("m", faces=compared(common, people)).similarity
        assert TABLE.threshold_at(fmr) <= threshold <= 1


@pytest.mark.parametrize("faces", [None, UNLIKE, ALIKE])
def test_the_lowest_threshold_is_the_tables_for_one_face(faces: ComparedFaces | None) -> None:
    lowest = TABLE.threshold_at(FITTED.fmr_for_fpir(1000))
    for number in (1, 3):
        threshold = FITTED.identification("m", 1000, comparisons=number, faces=faces)
        assert threshold.lowest == lowest <= threshold.similarity
    assert FITTED.identification("m", 1000, 0.7, faces=faces).lowest == 0.7


def test_people_who_are_less_alike_have_the_tables() -> None:
    assert FITTED.verification("m", faces=UNLIKE).similarity == 0.45


def test_by_the_table_alone_the_people_do_not_matter() -> None:
    thresholds = {BY_TABLE.verification("m", faces=faces) for faces in (None, UNLIKE, ALIKE)}
    assert thresholds == {FITTED.verification("m")}
    wanted = {BY_TABLE.verification("m", 0.4, faces=faces) for faces in (None, UNLIKE, ALIKE)}
    assert wanted == {FITTED.verification("m", 0.4)}


def test_the_rate_of_a_wanted_threshold_is_that_among_these_people() -> None:
    average, alike = (FITTED.verification("m", 0.5, faces=faces).fmr for faces in (None, ALIKE))
    assert average == pytest.approx(1e-4)
    assert alike is not None
    assert alike > 1e-3
    fitted = FITTED.verification("m", faces=ALIKE)
    assert FITTED.verification("m", fitted.similarity, faces=ALIKE).fmr == pytest.approx(fitted.fmr)


def test_a_wanted_threshold_is_taken_as_it_is() -> None:
    assert FITTED.verification("m", 0.2, faces=ALIKE).similarity == 0.2


@given(st.floats(1e-12, 1), st.floats(-0.3, 0.5), st.floats(0.02, 0.3))
def test_the_rate_of_a_fitted_score_is_the_rate_it_was_fitted_for(
    fmr: float, mean: float, deviation: float
) -> None:
    people = ImpostorDistribution(mean, deviation)
    similarity = similarity_at(TABLE.score_at(fmr), people, people)
    assert TABLE.fmr_at_score(normalised_score(similarity, people, people)) == pytest.approx(fmr, rel=1e-6)
