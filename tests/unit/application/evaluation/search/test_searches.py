"""Searches by group, on people with planted differences."""

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from application.decisions import DecisionPolicy
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Grouping, parse_groups
from application.evaluation.errors import EvaluationError
from application.evaluation.search.evaluate import EvaluateSearch
from application.evaluation.search.half_galleries import DRAWS, HalfGalleries, measure_searches
from domain.calibration import OperatingPoint
from entrypoints.cli.evaluate_search import as_machine, as_text
from tests.unit.evaluation_sets import as_set, loading
from tests.unit.fakes import policy, some_table

THRESHOLD = 0.6


def crowd(people: int = 60, photos: int = 3) -> EvaluationSet:
    """Every second person is of `a`, who resemble each other; photos of the others differ more."""
    rng = np.random.default_rng(1)
    of_a = np.arange(people) % 2 == 0
    own = rng.standard_normal((people, 16))
    own[of_a, 0] += 5
    numbers = np.repeat(np.arange(people), photos)
    noise = np.where(of_a[numbers], 0.3, 0.9)[:, np.newaxis]
    vectors = own[numbers] + noise * rng.standard_normal((len(numbers), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return as_set(
        vectors.astype(np.float32),
        numbers,
        group=["a" if person % 2 == 0 else "b" for person in numbers],
        view=["front" if photo % 3 else "" for photo in range(len(numbers))],
    )


def halves(
    photos: EvaluationSet, label: str = "group", configured: float | None = THRESHOLD
) -> HalfGalleries:
    attributes = Grouping(labels=(label,)).attributes([photos])
    return measure_searches(photos, attributes, deciding_at(configured), "m")


def deciding_at(threshold: float | None) -> DecisionPolicy:
    """Searches among 30 people have this threshold; None is a model without calibration."""
    if threshold is None:
        return policy(load_table=lambda _: None, target_fpir=0.02)
    fmr = policy(target_fmr=1, target_fpir=0.02).fmr_for_fpir(30)
    table = replace(some_table("m"), points=(OperatingPoint(fmr, threshold, fmr, fmr),))
    return policy(load_table=lambda _: table, target_fmr=1, target_fpir=0.02)


def test_planted_differences_are_found() -> None:
    found = halves(crowd())
    assert found.enrolled == 30
    at_configured = found.results[0]
    assert (at_configured.threshold.similarity, at_configured.threshold.configured) == (
        pytest.approx(THRESHOLD),
        True,
    )
    (group,) = at_configured.attributes
    assert [(each.size.value, each.size.people, each.size.photos) for each in group.groups] == [
        ("a", 30, 90),
        ("b", 30, 90),
    ]
    positive, negative = group.false_positive, group.false_negative
    assert positive is not None
    assert negative is not None
    assert (positive.worst, positive.certain, negative.worst, negative.certain) == ("a", True, "b", True)


def test_the_measured_threshold_keeps_to_the_target_and_no_lower_one_does() -> None:
    (measured,) = halves(crowd(), configured=None).results
    assert not measured.threshold.configured
    share = measured.everybody.fpir.share
    assert share is not None
    assert 0.01 < share.value <= 0.02
    lower = halves(crowd(), configured=measured.threshold.similarity - 0.005).results[0].everybody.fpir.share
    assert lower is not None
    assert lower.value > 0.02


def test_an_enrolled_photo_is_not_searched() -> None:
    found = halves(crowd()).results[0].everybody
    assert (found.fpir.comparisons, found.tpir.comparisons) == (DRAWS * 30 * 3, DRAWS * 30 * 2)
    alone = halves(crowd(photos=1)).results[0].everybody
    assert (alone.fpir.comparisons, alone.tpir.comparisons, alone.tpir.share) == (DRAWS * 30, 0, None)


def test_people_who_are_told_apart_perfectly() -> None:
    numbers = np.repeat(np.arange(40), 2)
    photos = as_set(np.eye(40, dtype=np.float32)[numbers], numbers, group=["a"] * 80)
    found = halves(photos).results[0]
    assert found.everybody.fpir.share is not None
    assert found.everybody.tpir.share is not None
    assert (found.everybody.fpir.share.value, found.everybody.tpir.share.value) == (0, 1)
    assert found.attributes[0].false_positive is None


def test_photos_without_a_face_and_of_unknown_groups() -> None:
    photos = crowd()
    photos.vectors[1] = np.nan
    (view,) = halves(photos, "view").results[0].attributes
    (front,) = view.groups
    assert (view.unknown, front.size.photos, front.size.undetected) == (60, 120, 1)
    trials = front.rates.fpir.comparisons + front.rates.tpir.comparisons
    assert DRAWS * (119 - 30) < trials < DRAWS * 119  # but for enrolled photos, which are of either kind


@pytest.fixture
def file(tmp_path: Path) -> Path:
    photos = crowd(30)
    np.savez(
        tmp_path / "set.npz",
        vectors=7 * photos.vectors,
        person=np.array(photos.names),
        group=photos.labels["group"],
    )
    return tmp_path / "set.npz"


def test_few_people_are_measured_by_group_only(file: Path) -> None:
    decisions = policy(target_fpir=0.02)
    groups = parse_groups(
        "person,origin\n" + "\n".join(f"{person},{'ns'[person % 2]}" for person in range(30))
    )
    result = EvaluateSearch(loading(), decisions).execute(
        file, lambda *_: None, grouping=Grouping(groups, ("group",))
    )
    assert (result.galleries, result.methods) == ((), ())
    machine = json.loads(msgspec.json.encode(as_machine(result)))
    assert machine["half_enrolled"]["enrolled"] == 15
    configured = decisions.identification("colour", 15).similarity
    assert machine["half_enrolled"]["searches"][0]["threshold"] == configured
    first, second = machine["half_enrolled"]["searches"][0]["attributes"]
    assert (first["attribute"], second["attribute"]) == ("group", "origin")
    for one, other in zip(first["groups"], second["groups"], strict=True):
        assert (one["fpir"], one["tpir"]) == (other["fpir"], other["tpir"])
    text = as_text(result)
    assert "too few for thresholds from other people" in text
    assert "false negative differential (1 - TPIR): b over a" in text


def test_groups_need_people_too(tmp_path: Path) -> None:
    photos = crowd(19)
    np.savez(tmp_path / "set.npz", vectors=photos.vectors, person=photos.people)
    with pytest.raises(EvaluationError, match="at least 20 people; faces of 19"):
        EvaluateSearch(loading(), policy()).execute(
            tmp_path / "set.npz", lambda *_: None, grouping=Grouping(labels=("set",))
        )
