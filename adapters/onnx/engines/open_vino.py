"""OpenVINO on the CPU. It comes with the extra `openvino`; nothing else imports this module."""

import sys
from collections.abc import Mapping
from threading import local

import numpy as np
from onnx import ModelProto
from typing_extensions import override

from adapters.onnx.session import InferenceSession, Shape, Tensor
from application.ports.effort import checkpoint
from domain.errors import BrokenModel

# OpenVINO sends telemetry to its publisher when it is imported, unless its telemetry library can't be imported.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

import openvino  # noqa: E402


class OpenVinoSession(InferenceSession):
    """A session of OpenVINO.

    One thread per run, as with ONNX Runtime. A compiled model runs as many requests in parallel as it has streams,
    each in one thread, and makes the others wait: there is one stream per worker. Streams share the weights
    and sleep when they have no work. The images of a batch are run one by one: a batch would take no less time,
    and each new batch size would be compiled anew.
    """

    def __init__(self, model: bytes, streams: int) -> None:
        """Load a serialised ONNX model.

        Args:
            model: the file's content.
            streams: maximum number of concurrent runs.

        Raises:
            BrokenModel: OpenVINO can't load it, or it hasn't exactly one input.
        """
        settings = {
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": streams,
            "INFERENCE_PRECISION_HINT": "f32",  # bfloat16, where the CPU has it, would move the thresholds
            "ENABLE_CPU_PINNING": False,
        }
        try:
            graph = ModelProto.FromString(model)
            core = openvino.Core()
            network = core.read_model(model)
            inputs, outputs = (
                [_shape(end.partial_shape) for end in ends] for ends in (network.inputs, network.outputs)
            )
            if len(inputs) == 1 and inputs[0][:1] == (None,):
                network.reshape([1, *network.inputs[0].partial_shape[1:]])
            self._model = core.compile_model(network, "CPU", settings)
        except Exception as error:  # protobuf's and the runtime's exceptions have no common class
            raise BrokenModel("The model's file can't be loaded.") from error
        if len(inputs) != 1:
            raise BrokenModel(f"The model has {len(inputs)} inputs instead of one.")
        self.input_shape = inputs[0]
        self.output_shapes = dict(zip((output.name for output in graph.graph.output), outputs, strict=True))
        self.metadata = {entry.key: entry.value for entry in graph.metadata_props}
        self._of_thread = local()

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        if self.input_shape[0] is not None or len(batch) == 1:
            return self._run(batch)
        runs = [self._run(batch[row : row + 1]) for row in range(len(batch))]
        return {name: np.concatenate([run[name] for run in runs]) for name in self.output_shapes}

    def _run(self, batch: Tensor) -> Mapping[str, Tensor]:
        checkpoint()
        outputs = self._request().infer([np.ascontiguousarray(batch)], share_inputs=True).values()
        return dict(zip(self.output_shapes, outputs, strict=True))

    def _request(self) -> openvino.InferRequest:
        """One for each thread, as a request serves one run at a time."""
        try:
            request: openvino.InferRequest = self._of_thread.request
        except AttributeError:
            request = self._of_thread.request = self._model.create_infer_request()
        return request


def _shape(axes: openvino.PartialShape) -> Shape:
    return tuple(axis.get_length() if axis.is_static else None for axis in axes)
