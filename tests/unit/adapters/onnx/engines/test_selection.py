"""The engine and the precision that the settings ask for, or that are fastest here."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from adapters.onnx.engines import selection
from adapters.onnx.engines.choice import Engine
from adapters.onnx.engines.devices import Device
from adapters.onnx.engines.selection import Request, rank
from adapters.onnx.engines.trial import Speed, Speeds, SpeedTrial
from adapters.onnx.engines.variants import EngineName, Variant
from adapters.onnx.graphs.preparation import Dialect
from adapters.onnx.session import InferenceSession
from adapters.system.processor import Processor
from application.errors import StartupError
from domain.models import Precision

VNNI = Processor("new", "x86_64", frozenset({"avx2", "avx512_vnni"}))
OLD = Processor("old", "x86_64")
OV_INT8 = Variant("openvino", Precision.INT8)
ORT_FLOAT = Variant("onnxruntime", Precision.FLOAT)


class Trial(SpeedTrial):
    """Finds the last to be the fastest."""

    def __init__(self, seen: list[Sequence[Variant]]) -> None:
        self._seen = seen

    def ranked(self, variants: Sequence[Variant]) -> tuple[list[Variant], Speeds]:
        self._seen.append(variants)
        return list(variants[::-1]), {str(variants[-1]): Speed(1.5)}


@dataclass
class Machine:
    broken: frozenset[EngineName] = frozenset()
    measured: list[Sequence[Variant]] = field(default_factory=list)
    started: list[EngineName] = field(default_factory=list)
    described: list[str] = field(default_factory=list)

    def start(self, name: EngineName) -> Engine:
        def session(model: bytes) -> InferenceSession:
            raise NotImplementedError

        if name in self.broken:
            raise StartupError(f"FACE_INFERENCE: {name} is installed, and can't be loaded: no such library")
        self.started.append(name)
        return Engine(name, Dialect.ONNXRUNTIME, session)

    def trial(self, description: str) -> SpeedTrial:
        self.described.append(description)
        return Trial(self.measured)

    def rank(self, request: Request, processor: Processor = VNNI) -> list[Variant]:
        return list(rank(request, processor, self.start, self.trial))


def test_the_fastest_that_was_measured(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    with caplog.at_level(logging.INFO, "face.models"):
        best = machine.rank(Request())[0]
    (measured,) = machine.measured
    assert (measured[0], best) == (OV_INT8, measured[-1])
    assert (
        f"models run on the processor, by openvino float, estimates by {best};"
        f" measured for a face: {best} 1.5 ms; new (x86_64" in caplog.text
    )


def test_what_is_fastest_in_one_precision_is_all_there_is(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    with caplog.at_level(logging.INFO, "face.models"):
        best = machine.rank(Request(precision=Precision.INT8))[0]
    assert f"models run on the processor, by {best}; measured for a face: {best} 1.5 ms" in caplog.text


def test_results_hold_for_a_processor_and_for_versions() -> None:
    machine = Machine()
    machine.rank(Request())
    (description,) = machine.described
    assert description.startswith("new (x86_64, avx2, avx512_vnni); onnxruntime ")
    assert "; openvino " in description
    assert "; preparation " in description


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("precision", [*Precision])
def test_what_is_asked_for_is_taken_without_a_measurement(engine: EngineName, precision: Precision) -> None:
    machine = Machine()
    assert machine.rank(Request(engine, precision), OLD) == [Variant(engine, precision)]
    assert machine.measured == []


def test_without_openvino_nothing_else_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(selection._DISTRIBUTIONS, "openvino", ("no-such-distribution",))
    assert {variant.engine for variant in Machine().rank(Request())} == {"onnxruntime"}


def test_an_engine_that_cannot_be_loaded_is_passed_over_if_nobody_asked_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = Machine(broken=frozenset({"onnxruntime"})).rank(Request(precision=Precision.INT8))
    assert found == [OV_INT8]
    assert "onnxruntime is installed, and can't be loaded" in caplog.text


def test_a_device_brings_its_engine_and_is_exact_unless_int8_is_asked_for() -> None:
    cuda, gpu = Device.parse("cuda:1"), Device.parse("openvino:GPU")
    machine = Machine()
    assert machine.rank(Request(device=cuda)) == [ORT_FLOAT]
    assert machine.rank(Request(device=gpu, precision=Precision.INT8)) == [OV_INT8]
    assert machine.measured == []
    assert machine.started == ["onnxruntime", "openvino"]


@pytest.mark.parametrize(("engine", "text"), [("openvino", "cuda"), ("onnxruntime", "openvino:GPU")])
def test_a_device_of_another_engine_stops_the_start(engine: EngineName, text: str) -> None:
    with pytest.raises(
        StartupError, match=f"^FACE_DEVICE: {text}.* is a device of .*FACE_INFERENCE is {engine}"
    ):
        Machine().rank(Request(engine, device=Device.parse(text)))


def test_a_device_that_is_not_there_stops_the_start() -> None:
    with pytest.raises(StartupError):
        Machine(broken=frozenset({"onnxruntime"})).rank(Request(device=Device.parse("cuda")))
