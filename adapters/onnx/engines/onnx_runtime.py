"""ONNX Runtime on the CPU. Nothing else in the product imports it."""

import os
from collections.abc import Mapping

from typing_extensions import override

from adapters.onnx.session import InferenceSession, Shape, Tensor
from application.ports.effort import checkpoint
from domain.errors import BrokenModel

# From 1.29 on it sends telemetry to its publisher, and writes a device id to the home directory, unless this is set
# before it is imported (microsoft/onnxruntime, pull request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]


class OnnxRuntimeSession(InferenceSession):
    """A session of ONNX Runtime.

    One thread per run by default: the worker pool runs images in parallel, and the runtime's own threads would only
    compete with its workers.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        """Load a serialised model.

        Args:
            model: the file's content.
            threads: of each run, the calling one included.

        Raises:
            BrokenModel: ONNX Runtime can't load it, or it hasn't exactly one input.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.force_spinning_stop", "1")  # threads sleep between runs
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_cpu_mem_arena = (
            False  # it keeps what the largest runs took, and is no faster than malloc
        )
        options.enable_mem_pattern = False  # patterns are remembered for every shape of input that comes by
        options.log_severity_level = 3  # errors; they are raised as well
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's exceptions have no common class of their own
            raise BrokenModel("The model's file can't be loaded.") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise BrokenModel(f"The model has {len(inputs)} inputs instead of one.")
        self._input: str = inputs[0].name
        self.input_shape = _shape(inputs[0].shape)
        self.output_shapes = {output.name: _shape(output.shape) for output in self._session.get_outputs()}
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        checkpoint()
        outputs: list[Tensor] = self._session.run(None, {self._input: batch})
        return dict(zip(self.output_shapes, outputs, strict=True))


def _shape(axes: list[int | str | None]) -> Shape:
    return tuple(axis if isinstance(axis, int) else None for axis in axes)
