"""Each set is measured with what the others say."""

from pathlib import Path

import numpy as np
import pytest

from application.decisions import CalibrationMode
from application.evaluation.calibration.transfer import EvaluateTransfer, SetTransfer
from application.evaluation.errors import EvaluationError
from tests.unit.evaluation_sets import loading
from tests.unit.fakes import policy

PHOTOS = 3


def ignore(_done: int, _total: int) -> None:
    """Nobody waits."""


def saved(path: Path, people: int, seed: int, common: float = 0.0, noise: float = 0.35) -> Path:
    """A set of people with three photos each; with `common` all resemble each other."""
    rng = np.random.default_rng(seed)
    persons = rng.standard_normal((people, 16))
    persons /= np.linalg.norm(persons, axis=1, keepdims=True)
    persons[:, 0] += common
    vectors = persons.repeat(PHOTOS, axis=0) + noise * rng.standard_normal((people * PHOTOS, 16)) / 4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.savez(path, vectors=vectors.astype(np.float32), person=np.arange(people).repeat(PHOTOS))
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[SetTransfer, ...]:
    folder = tmp_path_factory.mktemp("sets")
    sources = [
        saved(folder / "unlike.npz", 80, 1),
        saved(folder / "alike.npz", 60, 2, common=1.0),
        saved(folder / "others.npz", 60, 3),
    ]
    found = EvaluateTransfer(loading(), policy(target_fmr=1e-2, target_fpir=0.05)).execute(sources, ignore)
    return found.sets


def test_thresholds_fit_people_who_are_more_alike(measured: tuple[SetTransfer, ...]) -> None:
    alike = measured[1]
    table, gallery = (alike.rates[mode] for mode in (CalibrationMode.TABLE, CalibrationMode.GALLERY))
    assert table.fmr > 10 * 1e-2
    assert gallery.fmr < table.fmr / 5
    assert gallery.fpir < table.fpir / 2
    assert gallery.threshold > table.threshold + 0.1


def test_what_is_said_of_each_set(measured: tuple[SetTransfer, ...]) -> None:
    unlike = measured[0]
    assert (unlike.name, unlike.people, unlike.photos, unlike.enrolled) == ("unlike", 80, 240, 40)
    assert unlike.rates[CalibrationMode.GALLERY].tpir > 0.9
    assert measured[0].tar > 0.9
    assert measured[1].pooled_tar >= measured[1].tar


def test_one_set_alone_cannot_be_left_out(tmp_path: Path) -> None:
    evaluation = EvaluateTransfer(loading(), policy())
    with pytest.raises(EvaluationError, match="two sets"):
        evaluation.execute([saved(tmp_path / "one.npz", 20, 1)], ignore)
    with pytest.raises(EvaluationError, match="fewer than 14 people"):
        evaluation.execute([saved(tmp_path / "one.npz", 20, 1), saved(tmp_path / "few.npz", 9, 1)], ignore)
