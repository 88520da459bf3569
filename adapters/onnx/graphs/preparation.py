"""Rewriting a model's graph into one that runs faster and computes the same numbers.

Published files are made for exchange, not for speed: weights packed as blocks of int8 that the runtime would
unpack on every run, inputs that no node reads, a batch and an image size fixed when they were exported.
"""

from enum import Enum, Flag, auto
from importlib import import_module

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorShapeProto, helper, numpy_helper, shape_inference

from adapters.onnx.graphs.exports import drop_false_spatial, record_exports
from adapters.onnx.graphs.head_fusion import fuse_heads
from adapters.onnx.graphs.prelu import rewrite_prelu, unfuse_prelu
from adapters.onnx.graphs.quantisation import quantise
from domain.errors import BrokenModel
from domain.models import Precision

PREPARATION_VERSION = 7
"""Part of the cache's key: increase it with every change of the output of `prepare`."""


class FreeAxes(Flag):
    """Axes whose length may differ from run to run; input tensors are N x C x H x W."""

    NONE = 0
    BATCH = auto()
    SIZE = auto()
    """Height and width; for fully convolutional graphs only."""


class Dialect(Enum):
    """The engine that is to run the model; engines are fast with different graphs of the same network."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"


def prepare(
    source: bytes,
    free: FreeAxes,
    dialect: Dialect = Dialect.ONNXRUNTIME,
    precision: Precision = Precision.FLOAT,
) -> bytes:
    """Prepare a serialised ONNX model; adapters/onnx/graphs/quantisation.py has what int8 means.

    Raises:
        BrokenModel: the bytes are not an ONNX model that can be prepared.
    """
    try:
        model = ModelProto.FromString(source)
        fold_constants(model)
        record_exports(model)
        drop_false_spatial(model.graph)
        if precision is Precision.INT8:
            _replace_nodes(model.graph, quantise(model.graph))
        if dialect is Dialect.ONNXRUNTIME:
            _replace_nodes(model.graph, rewrite_prelu(model.graph))
            _replace_nodes(model.graph, fuse_heads(model.graph))
        else:
            _replace_nodes(model.graph, unfuse_prelu(model.graph))
        drop_dead_inputs(model.graph)
        free_axes(model.graph, free)
        return bytes(shape_inference.infer_shapes(model).SerializeToString())
    except Exception as error:  # protobuf, onnx and numpy raise a dozen kinds
        raise BrokenModel("The model's file is not a graph that can be prepared.") from error


def fold_constants(model: ModelProto) -> None:
    """Compute every node whose inputs are all constant, such as the unpacking of quantised weights.

    Nodes may be in any order.
    """
    graph = model.graph
    known = {tensor.name for tensor in graph.initializer}
    folded: list[NodeProto] = []
    rest = list(graph.node)
    while ready := [node for node in rest if known.issuperset(filter(None, node.input))]:
        folded += ready
        rest = [node for node in rest if not known.issuperset(filter(None, node.input))]
        known.update(name for node in ready for name in node.output)
    wanted = {name for node in folded for name in node.output} & _read_by(rest, graph)
    results = [helper.make_empty_tensor_value_info(name) for name in sorted(wanted)]
    constants = helper.make_graph(folded, "constants", [], results, graph.initializer)
    # It takes 12 MB, and most starts have nothing to prepare.
    evaluator = import_module("onnx.reference").ReferenceEvaluator(
        helper.make_model(constants, opset_imports=model.opset_import, ir_version=model.ir_version)
    )
    values = zip(sorted(wanted), evaluator.run(None, {}), strict=True)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(value), name) for name, value in values)
    _replace_nodes(graph, rest)


def drop_dead_inputs(graph: GraphProto) -> None:
    """Remove unused initialisers, and inputs that are unused or have an initialiser."""
    read = _read_by(list(graph.node), graph)
    alive = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(alive)
    fed = {tensor.name for tensor in alive}
    inputs = [value for value in graph.input if value.name in read - fed]
    del graph.input[:]
    graph.input.extend(inputs)


def free_axes(graph: GraphProto, free: FreeAxes) -> None:
    """Make axes of the inputs symbolic, and remove the shapes that were derived from the fixed ones."""
    if not free:
        return
    batch = {0: "N"} if FreeAxes.BATCH in free else {}
    size = {2: "H", 3: "W"} if FreeAxes.SIZE in free else {}
    for value in graph.input:
        _rename_axes(value.type.tensor_type.shape, batch | size)
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")
    del graph.value_info[:]
    if batch:
        _free_batch_of_reshapes(graph)


def _rename_axes(shape: TensorShapeProto, names: dict[int, str]) -> None:
    for axis, name in names.items():
        shape.dim[axis].dim_param = name


def _free_batch_of_reshapes(graph: GraphProto) -> None:
    """Turn Reshapes to (1, ...), exported for a batch of one, into (0, ...): the batch of the input."""
    shapes: dict[str, NDArray[np.int64]] = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        target = shapes.get(node.input[1]) if node.op_type == "Reshape" else None
        if target is not None and target.size > 1 and target[0] == 1:
            name = f"{node.output[0]}_shape"
            graph.initializer.append(numpy_helper.from_array(np.array([0, *target[1:]], np.int64), name))
            node.input[1] = name


def _read_by(nodes: list[NodeProto], graph: GraphProto) -> set[str]:
    return {name for node in nodes for name in node.input} | {value.name for value in graph.output}


def _replace_nodes(graph: GraphProto, nodes: list[NodeProto]) -> None:
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(copies)
