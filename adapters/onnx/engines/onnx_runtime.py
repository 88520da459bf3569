"""ONNX Runtime on the CPU. Nothing else in the product imports it."""

import os
from collections.abc import Mapping

from adapters.onnx.session import Shape, Tensor
from domain.errors import BrokenModel

# From 1.29 on it reports its use to its publisher, and writes a device's id to the home directory, unless this is set
# before it is imported (microsoft/onnxruntime, pull request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]

_SMALL_BATCH = 4
_SMALL_BYTES = 16_000_000
"""After larger inputs a run gives its memory back, for a fifth more time; otherwise the runtime keeps it for good."""


class OnnxRuntimeSession:
    """Implements InferenceSession.

    One thread a run, unless it is told: parallelism comes from the worker pool, whose workers run images side by
    side. Threads of the runtime's own would only compete with them.
    """

    def __init__(self, model: bytes, threads: int = 1) -> None:
        """Load a serialised model.

        Args:
            model: the file's content.
            threads: of each run, the caller's among them.

        Raises:
            BrokenModel: ONNX Runtime can't load it, or it hasn't exactly one input.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.force_spinning_stop", "1")  # threads sleep between runs
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.enable_mem_pattern = False  # patterns are remembered for every shape of input that comes by
        options.log_severity_level = 3  # errors; they are raised as well
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime's exceptions have no common class of their own
            raise BrokenModel("The model's file can't be loaded.") from error
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise BrokenModel(f"The model has {len(inputs)} inputs instead of one.")
        self._giving_back = onnxruntime.RunOptions()
        self._giving_back.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._input: str = inputs[0].name
        self._input_shape = _shape(inputs[0].shape)
        self._output_shapes = {output.name: _shape(output.shape) for output in self._session.get_outputs()}
        self._metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def input_shape(self) -> Shape:
        """See InferenceSession."""
        return self._input_shape

    @property
    def output_shapes(self) -> Mapping[str, Shape]:
        """See InferenceSession."""
        return self._output_shapes

    @property
    def metadata(self) -> Mapping[str, str]:
        """See InferenceSession."""
        return self._metadata

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        """See InferenceSession."""
        large = len(batch) > _SMALL_BATCH or batch.nbytes > _SMALL_BYTES
        run = self._giving_back if large else None
        outputs: list[Tensor] = self._session.run(None, {self._input: batch}, run)
        return dict(zip(self._output_shapes, outputs, strict=True))


def _shape(axes: list[int | str | None]) -> Shape:
    return tuple(axis if isinstance(axis, int) else None for axis in axes)
