import numpy as np

from application.evaluation.quality import (
    COMBINED,
    DISCARDS,
    discard_curve,
    genuine_pairs,
    goodness_of,
    refusals,
)
from domain.quality import Measure, QualityBounds, QualityReport

NAMES = np.array(["ada", "bob", "ada", "ada", "cy", "bob"])


def test_genuine_pairs_are_all_pairs_of_a_person() -> None:
    assert {tuple(pair) for pair in genuine_pairs(NAMES).tolist()} == {(0, 2), (0, 3), (2, 3), (1, 5)}


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
    found = refusals(reports, bounds, pairs, np.array([True, False, True]))
    assert found.photos.value == 0.5
    assert dict(found.by_measure) == {Measure.LUMINANCE: 0.5, Measure.ROLL: 0, Measure.YAW: 0}
    assert found.fnmr.value == 0
