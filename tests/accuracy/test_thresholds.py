"""Thresholds that were calibrated on some people hold for others."""

from itertools import combinations

import pytest

from application.evaluation.calibration.calibrate import fit
from application.evaluation.metrics.impostor_scores import ImpostorScores, compare_everyone
from application.evaluation.metrics.normalisation import NormalisedSet, normalise
from domain.models import ModelChoice
from tests.accuracy.conftest import Benchmark, full_only


def table_source(benchmark: Benchmark, *folds: int) -> NormalisedSet:
    photos = benchmark.people(*folds)
    return normalise("lfw", photos.vectors, photos.people, photos.norms)


def impostors(benchmark: Benchmark, *folds: int) -> ImpostorScores:
    photos = benchmark.people(*folds)
    return compare_everyone(photos.vectors, photos.people)


def off(fitted: NormalisedSet, others: ImpostorScores, fmr: float) -> float:
    """By what factor the rate measured on others differs from what the calibration promises."""
    threshold = fit([fitted], ModelChoice("yunet", "sface"), "lfw").threshold_at(fmr)
    return others.everyone.fmr(threshold) / fmr


@pytest.mark.parametrize("fmr", [1e-2, 1e-3])
@pytest.mark.parametrize(("fitted", "other"), [(0, 1), (1, 0)])
def test_from_one_fold_to_another(benchmark: Benchmark, fitted: int, other: int, fmr: float) -> None:
    assert 0.5 <= off(table_source(benchmark, fitted), impostors(benchmark, other), fmr) <= 2


@full_only
@pytest.mark.parametrize("fmr", [1e-3, 1e-4])
@pytest.mark.parametrize("fitted", list(combinations(range(5), 3)), ids=str)
def test_from_three_folds_to_two(benchmark: Benchmark, fitted: tuple[int, ...], fmr: float) -> None:
    others = set(range(5)) - set(fitted)
    assert 0.5 <= off(table_source(benchmark, *fitted), impostors(benchmark, *others), fmr) <= 2
