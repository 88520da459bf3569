import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from application.errors import CommandError
from application.evaluation.calibration.calibrate import CalibrateModel
from application.evaluation.datasets.evaluation_set import LoadSets
from application.evaluation.datasets.photos import Progress, central_face
from application.evaluation.errors import EvaluationError
from application.evaluation.verification.evaluate import EvaluateVerification
from application.evaluation.verification.pair_accuracy import PairAccuracy
from application.photo_folders import find_photos
from domain.errors import UnknownModel
from domain.faces import Box, DetectedFace
from entrypoints.cli import face_api, plot
from entrypoints.cli.evaluate import pairs_machine, pairs_text
from tests.shared_folder import with_models
from tests.unit.evaluation_sets import loading
from tests.unit.fakes import BLUE, GREEN, RED, photo, policy

LOADING = loading()
PAIRS = "2 1\nAnn 1 2\nAnn 1 Bob 1\nBob 1 2\nBob 2 Cyd 1\n"
NOBODY = bytes(90_000)


def ignore(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Ann and Bob with two photos, Cyd with one."""
    people = {"Ann": (RED, RED), "Bob": (GREEN, GREEN), "Cyd": (BLUE,)}
    for person, colours in people.items():
        (tmp_path / person).mkdir()
        for number, colour in enumerate(colours, 1):
            (tmp_path / person / f"{person}_{number:04d}.jpg").write_bytes(photo(colour).data)
    return tmp_path


def evaluate(images: Path, progress: Progress = ignore, sets: LoadSets = LOADING) -> PairAccuracy:
    found = EvaluateVerification(sets, policy()).execute([images], progress, pairs=PAIRS).pairs
    assert found is not None
    return found


def test_people_who_are_told_apart(images: Path) -> None:
    result = evaluate(images)
    assert (result.photos, result.people, result.undetected) == (5, 3, ())
    assert result.accuracy.mean == 1
    assert result.identification is not None
    assert (result.identification.gallery, result.identification.non_mated) == (2, 1)
    assert result.identification.rank1.value == 1


def test_a_photo_without_a_face_is_an_error(images: Path) -> None:
    lost = images / "Ann" / "Ann_0002.jpg"
    lost.write_bytes(NOBODY)
    result = evaluate(images)
    assert (result.undetected, result.undetected_in_pairs) == (("Ann/Ann_0002.jpg",), 1)
    assert result.accuracy.folds[0] == 0.5
    assert max(point.tar.value for point in result.results) == 0.5


def test_a_file_that_is_no_image_counts_as_a_photo_without_a_face(images: Path) -> None:
    lost = images / "Cyd" / "Cyd_0001.jpg"
    lost.write_bytes(b"text")
    assert evaluate(images).undetected == ("Cyd/Cyd_0001.jpg",)


def test_progress_reaches_the_end(images: Path) -> None:
    steps: list[tuple[int, int]] = []
    evaluate(images, lambda done, total: steps.append((done, total)))
    assert steps == [(done, 5) for done in range(6)]


def test_a_pair_without_its_photo_is_refused_before_any_work(images: Path) -> None:
    (images / "Cyd" / "Cyd_0001.jpg").unlink()
    with pytest.raises(EvaluationError, match="Cyd/Cyd_0001"):
        evaluate(images, lambda *_: pytest.fail("it began"))


def test_an_unknown_model_is_refused(images: Path) -> None:
    with pytest.raises(UnknownModel):
        evaluate(images, sets=loading("smell"))


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "notes.txt").touch()
    with pytest.raises(CommandError, match="no photos"):
        find_photos(tmp_path)


def test_a_calibration_needs_people(images: Path) -> None:
    with pytest.raises(EvaluationError, match="at least 20 people; faces of 3"):
        CalibrateModel(LOADING).execute([images], ignore)


def test_a_calibration_says_what_was_measured(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for person in range(30):
        (tmp_path / str(person)).mkdir()
        red, green, blue = (int(value) for value in rng.integers(40, 255, 3))
        (tmp_path / str(person) / "holiday.PNG").write_bytes(photo((red, green, blue)).data)
    table = CalibrateModel(LOADING).execute([tmp_path], ignore, "squares")
    assert (table.model, table.detection, table.data) == ("colour", "colour", "squares")
    assert (table.people, table.photos, table.comparisons) == (30, 30, 435)


@pytest.mark.parametrize(("x", "expected"), [(20, "small"), (95, "large")])
def test_the_face_in_the_middle_is_meant_unless_a_larger_one_is_as_near(x: float, expected: str) -> None:
    image = np.zeros((250, 250, 3), np.uint8)
    small = DetectedFace(Box(90, 90, 70, 70), 0.9)
    large = DetectedFace(Box(x - 40, 80, 90, 90), 0.9)
    assert central_face([large, small], image) is {"small": small, "large": large}[expected]


def test_json_has_what_is_promised(images: Path) -> None:
    result = json.loads(json.dumps(pairs_machine(evaluate(images))))
    assert result["accuracy"] == 1
    assert result["tar_at_fmr"] == {"1e-2": 1, "1e-3": 1, "1e-4": 1}
    assert result["thresholds"].keys() == result["tar_interval"].keys() == result["tar_at_fmr"].keys()
    assert (result["undetected"], result["rank1"], result["tpir_at_fpir"]) == (0, 1, 1)


def test_identification_is_null_when_nobody_has_two_photos(images: Path) -> None:
    result = evaluate(images)
    nobody = PairAccuracy(
        **{name: getattr(result, name) for name in result.__slots__} | {"identification": None}
    )
    assert pairs_machine(nobody)["rank1"] is None
    assert "Identification" not in pairs_text(nobody)


def test_the_table_has_every_rate(images: Path) -> None:
    text = pairs_text(evaluate(images))
    assert text.count("100.00%") > 6
    assert all(rate in text for rate in ("1e-2", "1e-3", "1e-4", "TPIR at FPIR 1%"))


@pytest.mark.parametrize("name", ["curves.png", "curves.svg"])
def test_a_plot_is_drawn(images: Path, tmp_path: Path, name: str) -> None:
    plot.check(tmp_path / name)
    plot.draw(evaluate(images), tmp_path / name)
    assert (tmp_path / name).stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--plot", "curves.gif"], "not curves.gif"),
        (["--plot", "nowhere/curves.png"], "there is no folder nowhere"),
        (["--recognition", "smell"], "'smell'"),
        ([], "first line announces 6"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], complaint: str
) -> None:
    monkeypatch.setenv("FACE_DATA_DIR", str(with_models(tmp_path / "data")))
    monkeypatch.chdir(tmp_path)
    pairs = tmp_path / "pairs.txt"
    pairs.write_text(PAIRS.replace("2 1", "3 1", 1))
    result = CliRunner().invoke(
        face_api, ["evaluate", "--images", str(images), "--pairs", str(pairs), *arguments]
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert complaint in result.stderr


def test_a_plot_without_matplotlib_says_how_to_get_it(
    images: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(plot, "find_spec", lambda _: None)
    result = CliRunner().invoke(
        face_api,
        ["evaluate", "--images", str(images), "--pairs", __file__, "--plot", str(tmp_path / "curves.png")],
    )
    assert (result.exit_code, result.stderr) == (
        1,
        "Error: --plot needs matplotlib: pip install 'face-api[plot]'\n",
    )
