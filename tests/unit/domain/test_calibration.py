import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.files.calibration import FileCalibrations, write_table
from domain.calibration import CalibrationTable, OperatingPoint, Population
from domain.errors import BrokenModel
from domain.impostors import ImpostorDistribution

TABLE = CalibrationTable(
    model="colour",
    detection="squares",
    data="made up",
    people=1000,
    photos=2000,
    comparisons=2_000_000,
    points=(
        OperatingPoint(1e-1, 0.2, 1.5e-1, 0.3),
        OperatingPoint(1e-3, 0.36, 2e-3, 6e-3),
        OperatingPoint(1e-5, 0.47, 2e-5, 8e-5),
    ),
    tail_scale=0.02,
    impostors=ImpostorDistribution(0.05, 0.1),
    populations=(
        Population("some", 500, ImpostorDistribution(0.05, 0.1)),
        Population("others", 500, ImpostorDistribution(0.15, 0.14)),
    ),
)
RATES = st.floats(1e-15, 1)


@pytest.mark.parametrize(
    ("fmr", "threshold"),
    [
        (1, -1),
        (1e-1, 0.2),
        (1e-2, 0.28),
        (1e-3, 0.36),
        (1e-5, 0.47),
        (1e-6, 0.47 + 0.02 * 2.302585),
        (1e-300, 1),
    ],
)
def test_a_threshold_is_linear_in_the_logarithm_of_the_rate(fmr: float, threshold: float) -> None:
    assert TABLE.threshold_at(fmr) == pytest.approx(threshold)


@given(RATES, RATES)
def test_a_lower_rate_never_has_a_lower_threshold(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert TABLE.threshold_at(low) >= TABLE.threshold_at(high)


@given(st.floats(1e-12, 1))
def test_the_rate_of_a_threshold_is_the_rate_it_was_looked_up_for(fmr: float) -> None:
    assert TABLE.fmr_at(TABLE.threshold_at(fmr)) == pytest.approx(fmr, rel=1e-9)


@pytest.mark.parametrize("fmr", [0, -1e-4, 1.1, float("nan")])
def test_a_rate_that_is_none_is_refused(fmr: float) -> None:
    with pytest.raises(ValueError, match="false match rate"):
        TABLE.threshold_at(fmr)


@pytest.mark.parametrize(
    "points",
    [
        (),
        (TABLE.points[1], TABLE.points[0]),
        (TABLE.points[0], replace(TABLE.points[0], fmr=1e-2)),
        (replace(TABLE.points[0], threshold=float("nan")),),
        (replace(TABLE.points[0], fmr=1.5),),
    ],
)
def test_points_out_of_order_make_no_table(points: tuple[OperatingPoint, ...]) -> None:
    with pytest.raises(ValueError, match="falling rates"):
        replace(TABLE, points=points)


@pytest.mark.parametrize("scale", [0, -0.1, float("nan"), float("inf")])
def test_a_tail_must_fall(scale: float) -> None:
    with pytest.raises(ValueError, match="positive scale"):
        replace(TABLE, tail_scale=scale)


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "new" / "colour.toml")
    assert FileCalibrations(tmp_path / "new").load("colour") == TABLE


def test_the_first_folder_wins(tmp_path: Path) -> None:
    own = replace(TABLE, data="my own photos")
    write_table(own, tmp_path / "own" / "colour.toml")
    write_table(TABLE, tmp_path / "shipped" / "colour.toml")
    assert FileCalibrations(tmp_path / "own", tmp_path / "shipped").load("colour") == own


def test_a_model_that_was_never_calibrated_has_no_table(tmp_path: Path) -> None:
    assert FileCalibrations(tmp_path, tmp_path / "nowhere").load("colour") is None


def test_a_table_is_read_again_only_when_it_is_another(tmp_path: Path) -> None:
    calibrations = FileCalibrations(tmp_path, clock=itertools.count().__next__)
    assert calibrations.load("colour") is None
    write_table(TABLE, tmp_path / "colour.toml")
    assert calibrations.load("colour") is calibrations.load("colour")
    own = replace(TABLE, data="my own photos")
    write_table(own, tmp_path / "colour.toml")
    assert calibrations.load("colour") == own
    (tmp_path / "colour.toml").unlink()
    assert calibrations.load("colour") is None


def test_the_files_are_looked_at_once_a_second(tmp_path: Path) -> None:
    times = iter([0.0, 0.0, 0.99, 1.0])
    calibrations = FileCalibrations(tmp_path, clock=times.__next__)
    assert calibrations.load("colour") is None
    write_table(TABLE, tmp_path / "colour.toml")
    assert [calibrations.load("colour") for _ in range(3)] == [None, None, TABLE]


@pytest.mark.parametrize("content", [b"model = ", b"model = 'colour'", b"\xff", b"points = 3"])
def test_a_file_that_is_no_table_is_a_broken_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "colour.toml").write_bytes(content)
    with pytest.raises(BrokenModel, match="colour"):
        FileCalibrations(tmp_path).load("colour")


def test_a_table_out_of_order_is_a_broken_model(tmp_path: Path) -> None:
    path = tmp_path / "colour.toml"
    write_table(TABLE, path)
    path.write_text(path.read_text().replace("threshold = 0.36", "threshold = 0.6"))
    with pytest.raises(BrokenModel, match="colour"):
        FileCalibrations(tmp_path).load("colour")


def test_the_table_of_another_model_is_refused(tmp_path: Path) -> None:
    write_table(TABLE, tmp_path / "hue.toml")
    with pytest.raises(BrokenModel, match="one of colour"):
        FileCalibrations(tmp_path).load("hue")


def test_a_table_of_embeddings_that_are_made_otherwise_now_is_refused(tmp_path: Path) -> None:
    files = FileCalibrations(tmp_path, clock=itertools.count().__next__)
    own = tmp_path / "sface.toml"
    write_table(replace(TABLE, model="sface", embeddings=3), own)
    assert files.load("sface") is not None
    own.write_text(own.read_text().replace("embeddings = 3\n", ""))
    with pytest.raises(BrokenModel, match="run face-api calibrate again"):
        files.load("sface")
