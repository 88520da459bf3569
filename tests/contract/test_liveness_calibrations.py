"""What every place for an operator's liveness threshold does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.files.liveness import FileLivenessCalibrations, write_liveness_calibration
from application.ports.liveness import LivenessCalibrations
from domain.errors import BrokenModel
from domain.liveness.calibration import LivenessCalibration, MeasuredRate
from tests.liveness_calibrations import InMemoryLivenessCalibrations

FOUND = LivenessCalibration(
    models=("minifasnet_v2", "minifasnet_v1se"),
    threshold=0.87,
    wanted_bpcer=0.01,
    bpcer=MeasuredRate(0.01, 0.0018, 0.0545, 100),
    apcer={"print": MeasuredRate(0.25, 0.09, 0.53, 12)},
    data="the camera at the door",
)
Place = tuple[LivenessCalibrations, Callable[[LivenessCalibration | None], None]]


@pytest.fixture(params=["memory", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An adapter and what puts a calibration where it looks."""
    if request.param == "memory":
        memory = InMemoryLivenessCalibrations()
        return memory, lambda found: setattr(memory, "calibration", found)
    path = tmp_path / "data" / "liveness.toml"

    def put(found: LivenessCalibration | None) -> None:
        path.unlink(missing_ok=True) if found is None else write_liveness_calibration(found, path)

    return FileLivenessCalibrations(path), put


def test_there_may_be_none(place: Place) -> None:
    assert place[0].load() is None


def test_what_is_put_there_is_found_while_the_service_runs(place: Place) -> None:
    calibrations, put = place
    for found in (FOUND, None, FOUND):
        put(found)
        assert calibrations.load() == found


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no toml",
        "models = []\nthreshold = 0.5\nwanted_bpcer = 0.1\nbpcer = {}",
        b"\xff\xfe".decode("latin1"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "liveness.toml"
    path.write_text(content, encoding="latin1")
    with pytest.raises(BrokenModel, match="can't be read") as refused:
        FileLivenessCalibrations(path).load()
    assert str(tmp_path) not in str(refused.value)


def test_a_threshold_outside_its_range_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "liveness.toml"
    write_liveness_calibration(FOUND, path)
    path.write_text(path.read_text().replace("0.87", "1.5"))
    with pytest.raises(BrokenModel):
        FileLivenessCalibrations(path).load()


def test_an_unreadable_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "liveness.toml").mkdir()
    for path in (tmp_path / "file" / "liveness.toml", tmp_path / "liveness.toml"):
        with pytest.raises(BrokenModel):
            FileLivenessCalibrations(path).load()
