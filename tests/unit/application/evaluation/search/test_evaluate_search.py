"""Searches in figures, on people made up of random directions."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from application.evaluation.errors import EvaluationError
from application.evaluation.search.evaluate import EvaluateSearch, SearchEvaluation
from application.evaluation.search.gallery_sizes import measure_galleries, parts
from application.evaluation.search.methods import compare_methods
from domain.models import ModelChoice
from entrypoints.cli import face_api
from entrypoints.cli.evaluate_search import as_machine, as_text
from tests.shared_folder import with_models
from tests.unit.evaluation_sets import loading
from tests.unit.fakes import photo, policy

MODELS = ModelChoice("d", "r")
TARGET = 1e-3, 0.02


def crowd(
    people: int, photos: int, likeness: float, dimensions: int = 24
) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Photos of people: a random direction each, and noise; every third person has one photo."""
    rng = np.random.default_rng(5)
    numbers = np.concatenate([[person] * (1 if person % 3 == 0 else photos) for person in range(people)])
    vectors = likeness * rng.normal(size=(people, dimensions))[numbers]
    vectors += rng.normal(size=vectors.shape)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), numbers


def test_a_threshold_that_rises_with_the_gallery_keeps_the_rate() -> None:
    vectors, people = crowd(600, 2, likeness=2)
    ten, hundred, everybody = measure_galleries(vectors, people, MODELS, TARGET)
    assert (ten.people, hundred.people, everybody.people) == (10, 100, 359)
    assert 0 < hundred.fpir < 0.02
    assert everybody.fpir < 0.02  # such scores fall off faster than the tail of a calibration
    for size in (ten, hundred, everybody):
        assert size.least <= size.fpir <= size.greatest
    assert ten.fixed < hundred.fixed < everybody.fixed
    assert hundred.fixed > 0.05


def test_parts_keep_people_together_and_are_alike_each_time() -> None:
    people = np.repeat(np.arange(50), 3)
    part = parts(people, 5)
    assert len({tuple(pair) for pair in zip(people, part, strict=True)}) == 50
    assert np.bincount(part).tolist() == [30] * 5
    assert (part == parts(people, 5)).all()


def test_several_photos_find_people_better_than_one() -> None:
    vectors, people = crowd(90, 7, likeness=1.2)
    results = compare_methods(vectors, people, MODELS, TARGET)
    assert [(each.method, each.photos) for each in results] == [
        *(("nearest", 1), ("nearest", 3), ("mean", 3), ("template", 3)),
        *(("nearest", 1), ("nearest", 5), ("mean", 5), ("template", 5)),
    ]
    one, *several = results[4:]
    assert {each.people for each in results} == {60}
    assert all(each.rank1.value > one.rank1.value for each in several)
    template = several[2]
    assert template.tpir.value > one.tpir.value
    assert max(each.decided_fpir.low for each in results) < 0.02


def test_nobody_with_photos_enough_makes_no_comparison() -> None:
    vectors, people = crowd(300, 3, likeness=2)
    assert compare_methods(vectors, people, MODELS, TARGET) == ()


def test_it_needs_people(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "1.png").write_bytes(photo((40, 40, 220)).data)
    with pytest.raises(EvaluationError, match="at least 100 people; faces of 1"):
        EvaluateSearch(loading(), policy()).execute(tmp_path, lambda *_: None)


def test_what_is_measured_is_printed() -> None:
    vectors, people = crowd(120, 4, likeness=2)
    result = SearchEvaluation(
        models=MODELS,
        photos=len(people),
        people=120,
        target_fmr=TARGET[0],
        target_fpir=TARGET[1],
        galleries=measure_galleries(vectors, people, MODELS, TARGET),
        methods=compare_methods(vectors, people, MODELS, TARGET),
    )
    machine = json.loads(msgspec.json.encode(as_machine(result)))
    assert machine["galleries"][0]["people"] == 10
    assert {"method", "photos", "rank1", "tpir", "decided_fpir"} <= machine["methods"][0].keys()
    assert all(word in as_text(result) for word in ("template", "FPIR", "120 people", "0.02"))


def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACE_DATA_DIR", str(with_models(tmp_path / "data")))
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(face_api, ["evaluate-search", "--images", "empty"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "has no photos" in result.stderr
