"""OpenVINO. Not every platform has it; nothing else in the product imports it."""

import sys
from collections.abc import Callable, Mapping
from functools import partial
from queue import LifoQueue
from typing import Any

import numpy as np
from onnx import ModelProto
from typing_extensions import override

from adapters.onnx.engines.devices import CPU, Device
from adapters.onnx.session import InferenceSession, Shape, Tensor
from adapters.system.machine import usable_cores
from adapters.system.processor import this_processor
from application.errors import StartupError
from application.ports.effort import checkpoint
from domain.errors import BrokenModel

# OpenVINO sends telemetry to its publisher when it is imported, unless its telemetry library can't be imported.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402

# Its first call hangs the whole process if another thread makes it meanwhile (OpenVINO 2026.4): that one waits, with
# Python's lock, for a static variable, whose initialisation waits for the lock. Inference calls it.
openvino.Type.f32.to_dtype()

_BFLOAT16 = "avx512_bf16"
"""Without this instruction OpenVINO would imitate bfloat16, which takes longer than float."""


class OpenVinoSession(InferenceSession):
    """A session of OpenVINO.

    One thread per run, the one that asks for it, as with ONNX Runtime: on the processor a compiled network of one
    stream runs there, while one of several streams has threads of its own, with other data in their caches. So the
    network is compiled once for each core, with weights of its own.
    The images of a batch are run one by one: a batch would take no less time, and each new batch size would be
    compiled anew.
    """

    def __init__(self, model: bytes, streams: int, device: Device = CPU, *, estimating: bool = False) -> None:
        """Load a serialised ONNX model.

        Args:
            model: the file's content.
            streams: maximum number of concurrent runs.
            device: what it runs on.
            estimating: whether its results may differ a little, for the sake of speed.

        Raises:
            BrokenModel: OpenVINO can't load it, or it hasn't exactly one input.
        """
        self._requests: LifoQueue[openvino.InferRequest] = LifoQueue()
        """Those that no thread runs, the latest one first: caches still have its data."""
        try:
            graph = ModelProto.FromString(model)
            core = openvino.Core()
            network = core.read_model(model)
            inputs, outputs = (
                [_shape(end.partial_shape) for end in ends] for ends in (network.inputs, network.outputs)
            )
            if len(inputs) == 1 and inputs[0][:1] == (None,):
                network.reshape([1, *network.inputs[0].partial_shape[1:]])
            compile_it = partial(
                core.compile_model, network, device.target, settings(device, streams, estimating=estimating)
            )
            if device == CPU:
                compiled = [compile_it() for _ in range(min(streams, usable_cores()))]
            else:
                compiled = [compile_it()] * streams
            for each in compiled:
                self._requests.put(each.create_infer_request())
        except Exception as error:  # protobuf's and the runtime's exceptions have no common class
            raise BrokenModel("The model's file can't be loaded.") from error
        if len(inputs) != 1:
            raise BrokenModel(f"The model has {len(inputs)} inputs instead of one.")
        self.input_shape = inputs[0]
        self.output_shapes = dict(zip((output.name for output in graph.graph.output), outputs, strict=True))
        self.metadata = {entry.key: entry.value for entry in graph.metadata_props}

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        if self.input_shape[0] is not None or len(batch) == 1:
            return self._run(batch)
        runs = [self._run(batch[row : row + 1]) for row in range(len(batch))]
        return {name: np.concatenate([run[name] for run in runs]) for name in self.output_shapes}

    def _run(self, batch: Tensor) -> Mapping[str, Tensor]:
        checkpoint()
        request = self._requests.get()
        try:
            # In this thread: to wait for one of the runtime's own takes two more changes of threads.
            outputs = request.infer(np.require(batch, np.float32, ["C", "W"]), share_inputs=True)
            return dict(zip(self.output_shapes, outputs.to_tuple(), strict=True))
        finally:
            self._requests.put(request)


def settings(
    device: Device,
    streams: int,
    *,
    estimating: bool = False,
    features: Callable[[], frozenset[str]] = lambda: this_processor().features,
) -> dict[str, Any]:
    """OpenVINO's settings for a device and so many concurrent runs.

    What an int8 network leaves in float, and hands from layer to layer, is half as large in bfloat16: estimates take
    less time, and are no further from embeddings (docs/decisions/0011). Of anything else bfloat16 and float16, which
    processors and GPUs use where they can, would move the thresholds.
    """
    common = {"INFERENCE_PRECISION_HINT": "f32"}
    if device != CPU:
        return {**common, "NUM_STREAMS": streams}
    if estimating and _BFLOAT16 in features():
        common["INFERENCE_PRECISION_HINT"] = "bf16"
    return {**common, "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": 1, "ENABLE_CPU_PINNING": False}


def require_device(device: Device) -> None:
    """Check that OpenVINO has a device.

    Raises:
        StartupError: it hasn't.
    """
    available = openvino.Core().available_devices
    name = device.target
    if name not in available and f"{name}.0" not in available:
        raise StartupError(
            f"FACE_DEVICE: {device} can't be used: OpenVINO finds no {name} here, only {', '.join(available)}"
            " (docs/hardware.md)"
        )


def _shape(axes: openvino.PartialShape) -> Shape:
    return tuple(axis.get_length() if axis.is_static else None for axis in axes)
