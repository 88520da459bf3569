"""The measurement that the first start makes."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from typing_extensions import override

from adapters.onnx.engines.trial import SpeedTrial
from adapters.onnx.engines.variants import Variant
from adapters.onnx.session import InferenceSession, Shape, Tensor
from domain.errors import BrokenModel, ModelNotInstalled
from domain.models import Precision

FAST = Variant("openvino", Precision.INT8)
SAFE = Variant("onnxruntime", Precision.FLOAT)
THIRD = Variant("openvino", Precision.FLOAT)
MACHINE = "a processor; engines 1.0"


class Network(InferenceSession):
    """Takes a while for the mean of each channel."""

    input_shape: Shape = (None, 3, 16, 16)
    output_shapes: Mapping[str, Shape] = {"mean": (None, 3)}
    metadata: Mapping[str, str] = {}

    def __init__(self, ms: float, noise: float = 0) -> None:
        self._seconds = ms / 1e3
        self._noise = noise

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        end = time.process_time() + self._seconds
        while time.process_time() < end:
            pass
        mean = batch.mean(axis=(2, 3))
        return {"mean": mean - self._noise * mean[:, ::-1] * [1, 0, -1]}


@dataclass
class Machine:
    """Loads networks of these speeds, and counts how often."""

    networks: dict[Variant, Callable[[], InferenceSession]]
    loaded: list[Variant] = field(default_factory=list)

    def load(self, variant: Variant, source: bytes) -> InferenceSession:
        assert source == b"file"
        self.loaded.append(variant)
        return self.networks[variant]()

    def trial(self, folder: Path, name: str = MACHINE) -> SpeedTrial:
        return SpeedTrial(folder / "speeds", name, lambda: b"file", self.load)


def of(fast: float, safe: float, noise: float = 0) -> Machine:
    return Machine({FAST: lambda: Network(fast, noise), SAFE: lambda: Network(safe)})


@pytest.mark.parametrize(
    ("fast", "safe", "first"),
    [(2, 12, FAST), (24, 4, SAFE), (10.5, 10, FAST)],
    ids=["as expected", "otherwise", "nearly alike"],
)
def test_the_fastest_is_first_and_the_expected_one_if_they_are_alike(
    tmp_path: Path, fast: float, safe: float, first: Variant
) -> None:
    ranked, speeds = of(fast, safe).trial(tmp_path).ranked([FAST, SAFE])
    assert (ranked[0], set(ranked)) == (first, {FAST, SAFE})
    assert (speeds["openvino int8"].ms or 0) >= fast
    assert (speeds["onnxruntime float"].ms or 0) >= safe


def test_results_are_kept_for_later_starts(tmp_path: Path) -> None:
    machine = of(24, 4)
    first = machine.trial(tmp_path).ranked([FAST, SAFE])
    assert machine.trial(tmp_path).ranked([FAST, SAFE]) == first
    assert machine.loaded == [FAST, SAFE]


def test_another_processor_or_version_is_measured_anew(tmp_path: Path) -> None:
    of(24, 4).trial(tmp_path).ranked([FAST, SAFE])
    moved = of(2, 12)
    assert moved.trial(tmp_path, "another").ranked([FAST, SAFE])[0][0] == FAST
    assert of(2, 12).trial(tmp_path).ranked([FAST, SAFE])[0][0] == SAFE  # the first machine's are still there


def test_a_folder_that_moves_a_lot_keeps_the_latest(tmp_path: Path) -> None:
    for number in range(12):
        of(0, 0).trial(tmp_path, f"machine {number}").ranked([FAST, SAFE])
    text = (tmp_path / "speeds" / "speeds.json").read_text()
    assert text.count("machine ") == 8
    assert "machine 11" in text


def test_processes_that_start_together_measure_once(tmp_path: Path) -> None:
    machine = of(2, 4)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: machine.trial(tmp_path).ranked([FAST, SAFE]), range(4)))
    assert all(one == found[0] for one in found)
    assert machine.loaded == [FAST, SAFE]


@pytest.mark.parametrize("error", [BrokenModel("no"), RuntimeError("illegal")])
def test_what_cannot_be_loaded_is_not_used(tmp_path: Path, error: Exception) -> None:
    def fail() -> InferenceSession:
        raise error

    machine = Machine({FAST: fail, SAFE: lambda: Network(2)})
    for _ in range(2):
        assert machine.trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE]
    assert machine.loaded == [FAST, SAFE]


def test_where_nothing_can_be_loaded_it_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    def fail() -> InferenceSession:
        raise BrokenModel("for want of memory")

    assert Machine({FAST: fail, SAFE: fail}).trial(tmp_path).ranked([FAST, SAFE])[0] == []
    assert of(2, 12).trial(tmp_path).ranked([FAST, SAFE])[0][0] == FAST


def test_results_that_are_wrong_on_this_processor_are_not_used_however_fast(tmp_path: Path) -> None:
    assert of(0, 12, noise=1).trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE]
    assert of(0, 12, noise=0.01).trial(tmp_path, "another").ranked([FAST, SAFE])[0][0] == FAST


def test_results_that_are_no_numbers_are_not_used(tmp_path: Path) -> None:
    machine = of(0, 12, noise=float("nan"))
    assert machine.trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE]


def test_a_third_is_not_measured_and_stays_behind(tmp_path: Path) -> None:
    machine = of(24, 4)
    assert machine.trial(tmp_path).ranked([FAST, SAFE, THIRD])[0] == [SAFE, FAST, THIRD]


def test_a_slow_machine_keeps_what_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.onnx.engines.trial._LATEST_S", -1)
    machine = of(24, 4)
    assert machine.trial(tmp_path).ranked([FAST, SAFE])[0] == [FAST, SAFE]
    assert machine.loaded == [FAST]


def test_the_time_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each network is run once to be compared, and once more to be measured."""
    monkeypatch.setattr("adapters.onnx.engines.trial._LIMIT_S", 0)
    runs: list[int] = []

    class Counted(Network):
        @override
        def run(self, batch: Tensor) -> Mapping[str, Tensor]:
            runs.append(1)
            return super().run(batch)

    machine = Machine({FAST: lambda: Counted(5), SAFE: lambda: Counted(1)})
    assert machine.trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE, FAST]
    assert len(runs) == 4


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'{"a processor; engines 1.0": {"openvino int8": 3}}']
)
def test_a_damaged_file_is_written_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "speeds").mkdir()
    (tmp_path / "speeds" / "speeds.json").write_bytes(content)
    machine = of(24, 4)
    for _ in range(2):
        assert machine.trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE, FAST]
    assert machine.loaded == [FAST, SAFE]


def test_a_folder_that_cannot_be_written_is_tolerated(tmp_path: Path) -> None:
    (tmp_path / "speeds").write_text("a file where the folder should be")
    assert of(24, 4).trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE, FAST]


def test_without_the_networks_file_nothing_is_measured_or_kept(tmp_path: Path) -> None:
    def read() -> bytes:
        raise ModelNotInstalled("sface", published=False)

    trial = SpeedTrial(tmp_path / "speeds", MACHINE, read, of(24, 4).load)
    assert trial.ranked([FAST, SAFE]) == ([FAST, SAFE], {})
    assert of(24, 4).trial(tmp_path).ranked([FAST, SAFE])[0] == [SAFE, FAST]


def test_the_picture_is_the_same_every_time() -> None:
    seen: list[Tensor] = []

    class Watching(Network):
        @override
        def run(self, batch: Tensor) -> Mapping[str, Tensor]:
            seen.append(batch)
            return super().run(batch)

    Machine({FAST: lambda: Watching(0), SAFE: lambda: Watching(0)}).trial(Path("/dev/null")).ranked(
        [FAST, SAFE]
    )
    assert (seen[0].min() >= 0, seen[0].max() <= 255, seen[0].std() > 20) == (True, True, True)
    for one in seen:
        np.testing.assert_array_equal(one, seen[0])
