"""What is asked of the engines for each device, and what happens where there is none.

No machine that runs these tests needs a GPU: sessions are stand-ins here, apart from the failures.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest

from adapters.onnx.engines import open_vino
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.engines.devices import CPU, Device
from adapters.onnx.graphs.preparation import FreeAxes
from application.errors import StartupError

CUDA, TENSORRT, PROCESSOR = "CUDAExecutionProvider", "TensorrtExecutionProvider", "CPUExecutionProvider"
ALL = [TENSORRT, CUDA, PROCESSOR]


@dataclass
class Runtime:
    """ONNX Runtime as it would be with a GPU."""

    works: bool = True
    """Whether its providers start; if not, ONNX Runtime goes on with the processor and says so in a log."""
    error: Exception | None = None
    preloaded: list[int] = field(default_factory=list)
    """How many sessions there were when CUDA's libraries were loaded."""
    asked: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)
    may_fall_back: set[int] = field(default_factory=set)
    """Numbers of sessions."""

    def session(
        self, model: bytes, options: object, *, providers: list[tuple[str, dict[str, Any]]]
    ) -> object:
        assert model
        if self.error is not None:
            raise self.error
        self.asked.append(providers)
        number = len(self.asked)
        self.may_fall_back.add(number)
        end = SimpleNamespace(name="a", shape=[1])
        return SimpleNamespace(
            disable_fallback=lambda: self.may_fall_back.remove(number),
            get_providers=lambda: [name for name, _ in providers] if self.works else [PROCESSOR],
            get_inputs=lambda: [end],
            get_outputs=lambda: [end],
            get_modelmeta=lambda: SimpleNamespace(custom_metadata_map={}),
            run=lambda *_: [np.zeros(1, np.float32)],
        )


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    stand_in = Runtime()
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ALL)
    monkeypatch.setattr(onnxruntime, "InferenceSession", stand_in.session)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: stand_in.preloaded.append(len(stand_in.asked)))
    return stand_in


@pytest.mark.parametrize(
    ("text", "shown", "engine"),
    [
        ("cpu", "cpu", None),
        ("cuda", "cuda:0", "onnxruntime"),
        ("cuda:3", "cuda:3", "onnxruntime"),
        ("tensorrt:1", "tensorrt:1", "onnxruntime"),
        ("openvino:GPU", "openvino:GPU", "openvino"),
        ("openvino:GPU.1", "openvino:GPU.1", "openvino"),
    ],
)
def test_words(text: str, shown: str, engine: str | None) -> None:
    device = Device.parse(text)
    assert (str(device), device.engine) == (shown, engine)


@pytest.mark.parametrize(
    "text",
    ["", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:100", "cuda:0x1", "cpu:0", "openvino:AUTO", "cuda\n"],
)
def test_words_for_no_device(text: str) -> None:
    with pytest.raises(ValueError, match="is no device"):
        Device.parse(text)


def test_cuda_is_asked_for_by_number_and_computes_exactly(runtime: Runtime) -> None:
    choose_engine("onnxruntime", 2, device=Device.parse("cuda:3")).start(b"model")
    for providers in runtime.asked:  # the check's and the model's
        assert [name for name, _ in providers] == [CUDA, PROCESSOR]
        assert providers[0][1]["device_id"] == 3
        assert providers[0][1]["use_tf32"] == "0"
    assert len(runtime.asked) == 2
    assert runtime.preloaded == [0]


def test_tensorrt_keeps_what_it_compiles_and_leaves_photos_of_any_size_to_cuda(
    runtime: Runtime, tmp_path: Path
) -> None:
    engine = choose_engine("onnxruntime", 2, device=Device.parse("tensorrt:1"), cache=tmp_path)
    engine.start(b"model")
    (first, options), *others = runtime.asked[-1]
    assert [first, *(name for name, _ in others)] == ALL
    assert (options["device_id"], options["trt_fp16_enable"]) == (1, False)
    assert options["trt_engine_cache_path"] == str(tmp_path)
    any_size = engine.for_network(FreeAxes.SIZE)
    assert str(any_size.device) == "cuda:1"
    any_size.start(b"model")
    assert [name for name, _ in runtime.asked[-1]] == [CUDA, PROCESSOR]


def test_no_session_falls_back_to_the_processor_when_a_run_fails(runtime: Runtime) -> None:
    choose_engine("onnxruntime", 2, device=Device.parse("cuda")).start(b"model")
    assert len(runtime.asked) == 2
    assert runtime.may_fall_back == set()


@pytest.mark.parametrize("text", ["cuda", "tensorrt"])
def test_a_provider_that_does_not_start_stops_the_start(runtime: Runtime, text: str) -> None:
    runtime.works = False
    with pytest.raises(
        StartupError, match=f"^FACE_DEVICE: {text}:0 can't be used: ONNX Runtime has not started"
    ):
        choose_engine("onnxruntime", 2, device=Device.parse(text))


def test_a_number_that_no_device_has_stops_the_start(runtime: Runtime) -> None:
    runtime.error = RuntimeError("CUDA failure 101: invalid device ordinal ; GPU=7 ; hostname=secret")
    with pytest.raises(StartupError, match=r"^FACE_DEVICE: cuda:7 can't be used") as raised:
        choose_engine("onnxruntime", 2, device=Device.parse("cuda:7"))
    assert "secret" not in str(raised.value)


def test_openvinos_settings_for_a_gpu() -> None:
    assert open_vino.settings(Device.parse("openvino:GPU"), 3) == {
        "NUM_STREAMS": 3,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    assert open_vino.settings(CPU, 3)["INFERENCE_NUM_THREADS"] == 1


@pytest.mark.parametrize(
    ("device", "estimating", "features", "hint"),
    [
        ("cpu", True, {"avx512_bf16"}, "bf16"),
        ("cpu", True, {"avx512f"}, "f32"),
        ("cpu", False, {"avx512_bf16"}, "f32"),
        ("openvino:GPU", True, {"avx512_bf16"}, "f32"),
    ],
)
def test_bfloat16_is_for_estimates_on_processors_that_have_it(
    device: str,
    estimating: bool,  # noqa: FBT001
    features: set[str],
    hint: str,
) -> None:
    found = open_vino.settings(
        Device.parse(device), 3, estimating=estimating, features=lambda: frozenset(features)
    )
    assert found["INFERENCE_PRECISION_HINT"] == hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuda", "the installed ONNX Runtime has no CUDAExecutionProvider, only .*CPUExecutionProvider"),
        ("tensorrt:1", "the installed ONNX Runtime has no TensorrtExecutionProvider, only "),
        ("openvino:GPU.7", "OpenVINO finds no GPU.7 here, only CPU"),
    ],
)
def test_a_device_that_this_machine_does_not_have(text: str, said: str) -> None:
    """For real, with the engines that are installed here."""
    device = Device.parse(text)
    assert device.engine is not None
    with pytest.raises(StartupError, match=f"^FACE_DEVICE: {device} can't be used: {said}"):
        choose_engine(device.engine, 2, device=device)
