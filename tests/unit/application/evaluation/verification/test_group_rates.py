"""False matches and non-matches by group, on people with planted differences."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Grouping
from application.evaluation.metrics import photo_pairs
from application.evaluation.metrics.differentials import differential
from application.evaluation.metrics.estimates import Estimate, of_pairs, of_people
from application.evaluation.metrics.group_rates import OperatingThreshold, RatesAt
from application.evaluation.metrics.rates import Share
from application.evaluation.verification.comparisons import VerificationRates
from application.evaluation.verification.group_rates import ComparedGroups, measure_groups
from tests.unit.evaluation_sets import as_set

THRESHOLD = OperatingThreshold(0.5, 1e-3, configured=False)


def unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def crowd(people: int = 40, photos: int = 3, seed: int = 1) -> EvaluationSet:
    """People of `a`, who resemble each other, and of `b`, whose photos differ more; half the photos are `new`."""
    rng = np.random.default_rng(seed)
    group = np.arange(people) % 2
    own = rng.standard_normal((people, 12))
    own[group == 0, 0] += 4
    numbers = np.repeat(np.arange(people), photos)
    noise = np.where(group[numbers] == 1, 0.8, 0.3)[:, np.newaxis]
    vectors = unit(own[numbers] + noise * rng.standard_normal((len(numbers), 12)))
    return as_set(
        vectors,
        numbers,
        group=["ab"[value] for value in group[numbers]],
        camera=["new" if number % 2 else "old" for number in range(len(numbers))],
    )


def compared(result: RatesAt[VerificationRates], number: int = 0) -> ComparedGroups:
    found = result.attributes[number]
    assert isinstance(found, ComparedGroups)
    return found


def one_by_one(
    photos: EvaluationSet, values: list[str], first: str, second: str
) -> tuple[float, float, int, int]:
    """FMR, FNMR and comparisons of both kinds, as they are defined."""
    scores = photos.vectors @ photos.vectors.T
    impostor: dict[tuple[str, ...], list[bool]] = {}
    genuine: dict[str, list[bool]] = {}
    for i, j in combinations(range(len(values)), 2):
        for x, y in {(i, j), (j, i)}:
            if (values[x], values[y]) != (first, second):
                continue
            matches = bool(scores[x, y] >= THRESHOLD.similarity)
            people = photos.names[x], photos.names[y]
            if people[0] == people[1]:
                genuine.setdefault(people[0], []).append(not matches)
            else:
                impostor.setdefault(tuple(sorted(people)) if first == second else people, []).append(matches)
    kinds = impostor.values(), genuine.values()
    rates = [float(np.mean([np.mean(each) for each in kind])) for kind in kinds]
    counts = [sum(map(len, kind)) // (2 if first == second else 1) for kind in kinds]
    return rates[0], rates[1], counts[0], counts[1]


@pytest.mark.parametrize("label", ["group", "camera"])
def test_as_comparing_all_pairs_one_by_one(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_pairs, "PAIRS", 1000)
    photos = crowd()
    grouping = Grouping(labels=(label, "camera"))
    (result,) = measure_groups([photos], grouping.attributes([photos]), [THRESHOLD])
    found = compared(result)
    values = list(photos.labels[label])
    for group in found.groups:
        fmr, fnmr, impostors, genuine = one_by_one(photos, values, group.size.value, group.size.value)
        rates = group.rates
        assert rates.fmr.share is not None
        assert rates.fnmr.share is not None
        assert rates.fmr.share.value == pytest.approx(fmr)
        assert rates.fnmr.share.value == pytest.approx(fnmr)
        assert (rates.fmr.comparisons, rates.fnmr.comparisons) == (impostors, genuine)
    (across,) = found.across
    if label == "camera":
        fmr, fnmr, impostors, genuine = one_by_one(photos, values, across.first, across.second)
        assert across.rates.fnmr.share is not None
        assert across.rates.fnmr.share.value == pytest.approx(fnmr)
        assert across.rates.fnmr.comparisons == genuine
    else:
        scores = photos.vectors @ photos.vectors.T
        of_a = np.array(values) == "a"
        fmr, impostors = float((scores[of_a][:, ~of_a] >= THRESHOLD.similarity).mean()), 60 * 60
        assert across.rates.fnmr == Estimate(None, 0, 0, 0)
    assert across.rates.fmr.share is not None
    assert across.rates.fmr.share.value == pytest.approx(fmr)
    assert across.rates.fmr.comparisons == impostors


def test_planted_differences_are_found() -> None:
    photos = crowd(80)
    (result,) = measure_groups([photos], Grouping(labels=("group",)).attributes([photos]), [THRESHOLD])
    found = compared(result)
    a, _ = found.groups
    assert (a.size.value, a.size.people, a.size.photos) == ("a", 40, 120)
    assert (a.rates.fmr.trials, a.rates.fnmr.trials) == (40 * 39 / 2, 40)
    positive, negative = found.false_positive, found.false_negative
    assert positive is not None
    assert negative is not None
    assert (positive.worst, positive.best, positive.certain) == ("a", "b", True)
    assert (negative.worst, negative.best, negative.certain) == ("b", "a", True)
    assert positive.ratio is not None
    assert positive.ratio > 3
    assert found.same.fmr.share is not None
    assert found.different.fmr.share is not None
    assert found.same.fmr.share.value > found.different.fmr.share.value


def test_people_of_different_sets_are_not_compared() -> None:
    photos = crowd()
    grouping = Grouping(labels=("group", "set"))
    (one,) = measure_groups([photos], grouping.attributes([photos]), [THRESHOLD])
    twice = [photos, replace(photos, name="again")]
    (two,) = measure_groups(twice, grouping.attributes(twice), [THRESHOLD])
    for single, both in zip(one.attributes[0].groups, two.attributes[0].groups, strict=True):
        assert single.rates.fmr.share is not None
        assert both.rates.fmr.share is not None
        assert both.rates.fmr.share.value == pytest.approx(single.rates.fmr.share.value)
        assert both.rates.fmr.trials == 2 * single.rates.fmr.trials
    (across,) = compared(two, 1).across
    assert across.rates.fmr == across.rates.fnmr == Estimate(None, 0, 0, 0)


def test_photos_without_a_face_and_of_unknown_groups() -> None:
    photos = crowd()
    photos.vectors[0] = np.nan
    groups = ["", *photos.labels["group"][1:3], *photos.labels["group"][3:]]
    groups[5] = ""
    labelled = as_set(photos.vectors, photos.people, group=groups)
    (result,) = measure_groups([labelled], Grouping(labels=("group",)).attributes([labelled]), [THRESHOLD])
    found = compared(result)
    assert found.unknown == 2
    assert [group.size.undetected for group in found.groups] == [0, 0]
    assert result.everybody.fnmr.comparisons == 40 * 3 - 2
    # Person 0 is of `a` and has two photos left, person 1 of `b` and has two as well.
    assert [group.rates.fnmr.comparisons for group in found.groups] == [19 * 3 + 1, 19 * 3 + 1]


def test_too_few_people_have_no_rate() -> None:
    photos = crowd(19)
    (result,) = measure_groups([photos], Grouping(labels=("group",)).attributes([photos]), [THRESHOLD])
    a, b = result.attributes[0].groups
    assert (a.size.people, b.size.people) == (10, 9)
    assert a.rates.fmr.share is not None
    assert b.rates.fmr.share is b.rates.fnmr.share is None
    assert result.attributes[0].false_positive is None


def test_three_people_against_many_are_too_few() -> None:
    pairs = np.array([100.0] * 2 + [2.0] * 100)
    assert of_pairs(np.zeros(102), pairs, 200).share is None
    assert of_pairs(np.zeros(40), np.array([20.0] * 40), 400).share is not None


def test_no_errors_leave_an_upper_bound() -> None:
    none = of_people(np.zeros(50), 500)
    assert none.share == Share.of(0, 50)
    pairs = of_pairs(np.zeros(50), np.full(50, 49.0), 9999)
    assert pairs.share == Share.of(0, 50 * 49 // 2)


def test_intervals_cover_what_they_should() -> None:
    """Of people who are more and less easily confused: the rate of infinitely many is known."""
    rng = np.random.default_rng(3)
    covered, widths, count = [], [], 30
    for _ in range(200):
        ease = rng.gamma(2, 0.5, count)  # mean 1: a pair matches with probability 0.03 times both
        chance = np.clip(0.03 * np.outer(ease, ease), 0, 1)
        matches = np.triu(rng.random((count, count)) < chance, 1).astype(float)
        found = of_pairs((matches + matches.T).sum(axis=1), np.full(count, count - 1.0), 435).share
        assert found is not None
        covered.append(found.low <= 0.03 <= found.high)
        widths.append((found.high - found.low) / (Share.of(13, 435).high - Share.of(13, 435).low))
    assert np.mean(covered) >= 0.9
    assert np.mean(widths) > 1.2  # independent pairs would promise more than they know


def test_differentials_in_figures() -> None:
    rates = {"a": Share.of(40, 1000), "b": Share.of(10, 1000), "c": Share.of(20, 1000)}
    found = differential(rates)
    assert found is not None
    assert (found.groups, found.worst, found.best) == (3, "a", "b")
    assert found.difference == pytest.approx(0.03)
    assert found.ratio == pytest.approx(4)
    assert found.ratio_to_geometric_mean == pytest.approx(2)
    assert found.gini == pytest.approx((0.03 + 0.02 + 0.01) / 3 / 2 / (0.07 / 3) * 1)
    assert (found.at_least, found.certain) == (False, True)


def test_a_group_without_errors_bounds_the_ratio_from_below() -> None:
    few, many = Share.of(0, 10), Share.of(0, 10_000)
    found = differential({"a": Share.of(40, 1000), "b": many, "c": few})
    assert found is not None
    assert (found.best, found.at_least, found.certain) == ("b", True, True)
    assert found.ratio == pytest.approx(0.04 / many.high)
    unknown = differential({"a": Share.of(40, 1000), "c": few})
    assert unknown is not None
    assert (unknown.ratio, unknown.ratio_to_geometric_mean, unknown.certain) == (None, None, False)


def test_one_group_or_no_errors_have_no_differential() -> None:
    assert differential({"a": Share.of(1, 10)}) is None
    assert differential({"a": Share.of(0, 10), "b": Share.of(0, 20)}) is None
