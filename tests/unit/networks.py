"""Tiny ONNX files that behave like published ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.preparation import FreeAxes, prepare
from adapters.onnx.session import Shape, Tensor

Array = NDArray[np.floating]


@dataclass
class Recorder:
    """A session that answers with zeros and remembers the picture that it was given."""

    output_shapes: Mapping[str, tuple[int, ...]]
    input_shape: Shape = (1, 3, 32, 32)
    metadata: Mapping[str, str] = field(default_factory=dict)
    seen: Tensor = field(default_factory=lambda: np.empty(0, np.float32))

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        self.seen = batch
        return {name: np.zeros(shape, np.float32) for name, shape in self.output_shapes.items()}

    @property
    def pixel(self) -> list[float]:
        """The numbers of the first pixel."""
        numbers: list[float] = self.seen[0, :, 0, 0].tolist()
        return numbers


def onnx_file(
    nodes: Sequence[NodeProto],
    constants: Mapping[str, NDArray[np.generic]],
    takes: tuple[int | str, ...],
    gives: Mapping[str, tuple[int | str, ...]],
    opset: int = 17,
) -> bytes:
    """A graph from the input `data` to these outputs."""
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        list(nodes),
        "test",
        [value("data", TensorProto.FLOAT, takes)],
        [value(name, TensorProto.FLOAT, shape) for name, shape in gives.items()],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


def constant_file(outputs: Mapping[str, Array], size: tuple[int, int]) -> bytes:
    """A detector that takes 1 x 3 x height x width and says the same of every picture."""
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        *(helper.make_node("Add", [f"{name}_says", "nothing"], [name]) for name in outputs),
    ]
    constants = {f"{name}_says": np.asarray(array, np.float32) for name, array in outputs.items()}
    shapes = {name: array.shape for name, array in outputs.items()}
    return onnx_file(nodes, {"zero": np.zeros((), np.float32), **constants}, (1, 3, *size), shapes)


def session(file: bytes, free: FreeAxes = FreeAxes.NONE) -> OnnxRuntimeSession:
    """The prepared file, loaded."""
    return OnnxRuntimeSession(prepare(file, free))
