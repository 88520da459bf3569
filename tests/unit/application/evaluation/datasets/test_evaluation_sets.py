"""One way to name a set: folders of photos and files of vectors."""

from pathlib import Path

import numpy as np
import pytest

from application.evaluation.calibration.calibrate import CalibrateModel
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.impostor_scores import compare_everyone, pool
from application.ports.vectors import PhotoVectors
from tests.unit.evaluation_sets import as_set, loading
from tests.unit.fakes import GREEN, RED, photo
from tests.unit.vision import ColourEmbedder


def ignore(done: int, total: int) -> None:
    assert 0 <= done <= total


def crowd(people: int, seed: int, common: float = 0.0) -> np.ndarray:
    """A direction of 16 numbers a person, with a part in common."""
    vectors = np.random.default_rng(seed).standard_normal((people, 16))
    vectors[:, 0] += common
    return vectors.astype(np.float32)


def saved(path: Path, vectors: np.ndarray) -> Path:
    np.savez(path, vectors=vectors, person=np.arange(len(vectors)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for person, colours in {"Ann": (RED, RED), "Bob": (GREEN,)}.items():
        (tmp_path / "family" / person).mkdir(parents=True)
        for number, colour in enumerate(colours):
            (tmp_path / "family" / person / f"{number}.jpg").write_bytes(photo(colour).data)
    (tmp_path / "family" / "Bob" / "none.jpg").write_bytes(b"text")
    return tmp_path / "family"


def test_a_folder_and_the_file_made_of_it_are_the_same_set(folder: Path, tmp_path: Path) -> None:
    written = loading().save(folder, tmp_path / "family.npz", ignore)
    assert (len(written.photos), len(set(written.names)), len(written.undetected)) == (4, 2, 1)
    seen, read = loading().execute([folder, tmp_path / "family.npz"], ignore)
    np.testing.assert_array_equal(seen.vectors, read.vectors)
    assert np.linalg.norm(seen.vectors[seen.found], axis=1) == pytest.approx(1)
    assert seen.names == read.names == ("Ann", "Ann", "Bob", "Bob")
    assert seen.photos == read.photos == ("Ann/0.jpg", "Ann/1.jpg", "Bob/0.jpg", "Bob/none.jpg")
    assert seen.undetected == ("Bob/none.jpg",)
    assert (seen.name, read.name) == ("family", "family (2)")


def test_a_file_keeps_the_lengths_of_the_vectors(folder: Path, tmp_path: Path) -> None:
    loading().save(folder, tmp_path / "family.npz", ignore)
    lengths = np.linalg.norm(np.load(tmp_path / "family.npz")["vectors"], axis=1)
    assert (lengths[:3] > 10).all()


def test_vectors_become_what_the_recogniser_compares() -> None:
    raw = crowd(5, 1)
    embedder = ColourEmbedder()
    made = EvaluationSet.of("set", PhotoVectors(raw, ("a",) * 5, ("b",) * 5), embedder)
    np.testing.assert_array_equal(made.vectors, embedder.directions(raw))
    again = EvaluationSet.of("set", PhotoVectors(made.vectors, ("a",) * 5, ("b",) * 5), embedder)
    np.testing.assert_array_equal(again.vectors, made.vectors)


def test_vectors_of_another_recogniser_are_refused(folder: Path, tmp_path: Path) -> None:
    loading("hue").save(folder, tmp_path / "hue.npz", ignore)
    with pytest.raises(EvaluationError, match="vectors of hue, not of colour"):
        loading().execute([tmp_path / "hue.npz"], ignore)
    with pytest.raises(EvaluationError, match="of 8 numbers; those of colour have 16"):
        loading().execute([saved(tmp_path / "eight.npz", crowd(4, 1)[:, :8])], ignore)


def test_some_of_the_photos() -> None:
    vectors = crowd(4, 1)
    chosen = as_set(vectors, np.arange(4), view=list("abcd")).take(np.array([False, True, False, True]))
    np.testing.assert_array_equal(chosen.vectors, vectors[[1, 3]])
    assert (chosen.names, chosen.photos, chosen.labels) == (("1", "3"), ("1", "3"), {"view": ("b", "d")})


def test_people_of_different_sets_are_not_compared() -> None:
    """Both sets are of the same people, who would all match themselves."""
    one = compare_everyone(*unit(crowd(30, 1)))
    both = pool([one.everyone, one.everyone])
    assert both.pairs == 2 * 435
    for threshold in (0.1, 0.3, 0.5, 0.9):
        assert both.fmr(threshold) == pytest.approx(one.everyone.fmr(threshold))


def test_each_pair_of_people_weighs_the_same() -> None:
    large, small = compare_everyone(*unit(crowd(200, 1))), compare_everyone(*unit(crowd(20, 2, common=6)))
    rates = [each.everyone.fmr(0.6) for each in (large, small)]
    assert rates[1] > rates[0] + 0.5
    both = pool([large.everyone, small.everyone])
    assert both.fmr(0.6) == pytest.approx(np.average(rates, weights=[19900, 190]))


def unit(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.arange(len(vectors))


def test_a_calibration_of_several_sets(tmp_path: Path) -> None:
    sources = [saved(tmp_path / f"{seed}.npz", crowd(60, seed)) for seed in (1, 2)]
    table = CalibrateModel(loading()).execute(sources, ignore)
    assert (table.people, table.photos, table.comparisons) == (120, 120, 2 * 1770)
    assert (table.data, table.least_measured) == ("1 + 2", pytest.approx(1e-2))


def test_each_set_of_a_calibration_needs_people(tmp_path: Path) -> None:
    sources = [saved(tmp_path / f"{count}.npz", crowd(count, 1)) for count in (30, 5)]
    with pytest.raises(EvaluationError, match="20 people; faces of 5 were found in 5"):
        CalibrateModel(loading()).execute(sources, ignore)
