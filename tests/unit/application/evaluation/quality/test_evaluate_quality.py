from dataclasses import replace

import numpy as np
import pytest

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.photo_pairs import genuine_pairs
from application.evaluation.quality.evaluate import (
    COMBINED,
    DISCARDS,
    discard_curve,
    goodness_of,
    refusals,
    right_first,
)
from application.evaluation.quality.quality_set import QualitySet
from domain.quality import Measure, QualityBounds, QualityReport
from tests.unit.evaluation_sets import as_set

PEOPLE = np.array([0, 1, 0, 0, 2, 1])


def test_genuine_pairs_are_all_pairs_of_a_person() -> None:
    assert {tuple(pair) for pair in genuine_pairs(PEOPLE).tolist()} == {(0, 2), (0, 3), (2, 3), (1, 5)}


def test_a_measure_that_ranks_bad_photos_last_lowers_the_curve() -> None:
    pairs = np.arange(100).reshape(50, 2)
    missed = np.arange(50) < 5
    bad = np.zeros(100)
    bad[:10] = -1
    curve = [share.value for share in discard_curve(bad, pairs, missed)]
    assert curve[0] == 0.1
    assert curve[DISCARDS.index(0.1)] == 0
    assert [share.value for share in discard_curve(-bad, pairs, missed)][-1] > 0.1


def test_goodness_has_one_sense_for_all_measures_and_leaves_out_what_some_lack() -> None:
    reports = [
        QualityReport({Measure.ROLL: -20.0, Measure.OVER_EXPOSURE: 0.1, Measure.LUMINANCE: 90.0}),
        QualityReport({Measure.ROLL: 5.0, Measure.OVER_EXPOSURE: 0.0}),
    ]
    columns = goodness_of(reports)
    assert list(columns) == ["over_exposure", "roll", COMBINED]
    assert all(worse < better for worse, better in columns.values())


def test_refusals_count_photos_once_and_errors_among_the_rest() -> None:
    reports = [QualityReport({Measure.LUMINANCE: value, Measure.ROLL: value}) for value in (10.0, 90, 90, 20)]
    bounds = QualityBounds({Measure.LUMINANCE: 50, Measure.ROLL: 95, Measure.YAW: 1})
    pairs = np.array([[0, 1], [1, 2], [2, 3]])
    missed, found = np.array([True, False, True]), np.array([False, True, True, True])
    refused = refusals(reports, bounds, pairs, missed, found)
    assert refused.photos.value == 0.5
    assert refused.found.value == pytest.approx(1 / 3)
    assert refused.not_found.value == 1
    assert dict(refused.by_measure) == {
        Measure.LUMINANCE: pytest.approx(1 / 3),
        Measure.ROLL: 0,
        Measure.YAW: 0,
    }
    assert refused.fnmr.value == 0


def test_who_has_no_mate_is_not_counted_as_lost() -> None:
    reports = [QualityReport({Measure.LUMINANCE: 10.0})] * 3
    pairs, found = np.array([[0, 1]]), np.array([True, False, False])
    refused = refusals(reports, QualityBounds({Measure.LUMINANCE: 50}), pairs, np.array([False]), found)
    assert (refused.found.value, refused.not_found.value) == (1, 1)
    passed = refusals(reports, QualityBounds({}), pairs, np.array([False]), found)
    assert (passed.found.value, passed.not_found.value) == (0, 0)


def test_found_is_who_is_nearest_and_near_enough() -> None:
    angles = np.radians([0, 10, 30, 34, 80, 120])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    people = np.array([0, 0, 1, 0, 2, 2])
    assert right_first(vectors, people, 0.9).tolist() == [True, True, False, False, False, False]
    assert right_first(vectors, people, 0.7).tolist() == [True, True, False, False, True, True]


def kept_vectors() -> EvaluationSet:
    vectors = np.array([[0.6, 0.8], [0, 1], [1, 0], [np.nan, np.nan]], dtype=np.float32)
    photos = as_set(vectors, np.array([7, 7, 9, 9]), "them", view=["F/0", "L135/+30", "F/+30", "F/0"])
    return replace(photos, norms=np.array([0.5, 0.75, 1, np.nan], dtype=np.float32))


def test_vectors_tell_of_their_norms_alone() -> None:
    those = QualitySet.of_vectors(kept_vectors())
    assert (those.name, those.people.tolist(), those.undetected) == ("them", [0, 0, 1], 1)
    assert [report.values for report in those.reports] == [
        {Measure.EMBEDDING_NORM: norm} for norm in (0.5, 0.75, 1)
    ]


def test_views_may_be_left_out() -> None:
    those = QualitySet.of_vectors(kept_vectors(), {"L135"})
    assert those.people.tolist() == [0, 1]
    assert len(those.vectors) == len(those.reports) == 2


@pytest.mark.parametrize("lacking", ["norms", "labels"])
def test_what_says_nothing_of_quality_is_an_error(lacking: str) -> None:
    unknown = np.full(4, np.nan, dtype=np.float32)
    those = kept_vectors()
    photos = replace(those, norms=unknown) if lacking == "norms" else replace(those, labels={})
    with pytest.raises(EvaluationError, match="them"):
        QualitySet.of_vectors(photos, {"L135"})
