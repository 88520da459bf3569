"""PRelu, rewritten with nodes that engines have fast kernels for.

ONNX Runtime's own takes half of a small network's time. With z = (1 - s) x, PRelu(x) = s / (1 - s) z + Relu(z)
where the slope s is below 1. The runtime folds the factor of z into the preceding convolution, and runs the rest in
the layout of its convolutions. Above 1 the same two terms give -PRelu(x) = 1 / (s - 1) z + Relu(z): the sign is
reversed again in the weights of the convolutions that read it.

OpenVINO fuses PRelu into the convolution before it, where a slope for each channel takes a quarter of the time of a
network in int8. Nodes that read x twice it compiles into one pass of their own, together with the quantisation after
them.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

_MIN_FACTOR = 2.0**-10
"""Of |1 - s|: its inverse must not be huge."""

Slopes = NDArray[np.float32]
_Replacement = Callable[[str, str, Slopes, GraphProto, dict[str, TensorProto]], Iterator[NodeProto]]
"""From a PRelu's input, output and slopes, the graph and its constants to the nodes in its place."""


def rewrite_prelu(graph: GraphProto) -> list[NodeProto]:
    """The graph's nodes without PRelu of constant slopes; constants are added to the graph, and some are changed."""
    return _replaced(graph, _as_relu)


def unfuse_prelu(graph: GraphProto) -> list[NodeProto]:
    """The graph's nodes with PRelu of constant slopes as max(x, s x); constants are added to the graph."""
    return _replaced(graph, _as_max)


def _replaced(graph: GraphProto, replacement: _Replacement) -> list[NodeProto]:
    constants = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.op_type != "PRelu" or node.input[1] not in constants:
            nodes.append(node)
            continue
        slopes: Slopes = numpy_helper.to_array(constants[node.input[1]]).astype(np.float32)
        nodes.extend(replacement(node.input[0], node.output[0], slopes, graph, constants))
    return nodes


def _as_max(
    x: str, y: str, slopes: Slopes, graph: GraphProto, _constants: dict[str, TensorProto]
) -> Iterator[NodeProto]:
    if (slopes > 1).any():
        yield from _for_any_slopes(x, y, slopes, graph)
        return
    yield _multiply(x, slopes, f"{y}_sloped", graph)
    yield helper.make_node("Max", [x, f"{y}_sloped"], [y])


def _as_relu(
    x: str, y: str, slopes: Slopes, graph: GraphProto, constants: dict[str, TensorProto]
) -> Iterator[NodeProto]:
    factor: Slopes = np.float32(1) - slopes
    readers = [reader for reader in graph.node if y in reader.input]
    reversed_ = bool((factor < 0).any())
    if (np.abs(factor) < _MIN_FACTOR).any() or (reversed_ and not _all_convolutions(readers, constants)):
        yield from _for_any_slopes(x, y, slopes, graph)
        return
    for reader in readers if reversed_ else []:
        _multiply_inputs(constants[reader.input[1]], np.sign(factor).reshape(-1), reader)
    linear = (np.where(factor > 0, slopes, -1) / factor).astype(np.float32)
    yield _multiply(x, factor, f"{y}_scaled", graph)
    yield helper.make_node("Relu", [f"{y}_scaled"], [f"{y}_positive"])
    yield _multiply(f"{y}_scaled", linear, f"{y}_linear", graph)
    yield helper.make_node("Add", [f"{y}_linear", f"{y}_positive"], [y])


def _for_any_slopes(x: str, y: str, slopes: Slopes, graph: GraphProto) -> Iterator[NodeProto]:
    """S x + (1 - s) Relu(x): takes one more pass over the tensor."""
    yield _multiply(x, slopes, f"{y}_linear", graph)
    yield helper.make_node("Relu", [x], [f"{y}_inner"])
    yield _multiply(f"{y}_inner", np.float32(1) - slopes, f"{y}_positive", graph)
    yield helper.make_node("Add", [f"{y}_linear", f"{y}_positive"], [y])


def _multiply(x: str, factors: Slopes, y: str, graph: GraphProto) -> NodeProto:
    graph.initializer.append(numpy_helper.from_array(factors, f"{y}_factors"))
    return helper.make_node("Mul", [x, f"{y}_factors"], [y])


def _all_convolutions(readers: list[NodeProto], constants: dict[str, TensorProto]) -> bool:
    """Whether all are convolutions with constant weights of their own."""
    weights = [reader.input[1] for reader in readers if reader.op_type == "Conv"]
    return bool(readers) and len(set(weights) & set(constants)) == len(readers)


def _multiply_inputs(weights: TensorProto, signs: Slopes, convolution: NodeProto) -> None:
    """Change the weights of a convolution as if each of its input's channels were multiplied by a sign."""
    values = numpy_helper.to_array(weights)
    groups = next((attribute.i for attribute in convolution.attribute if attribute.name == "group"), 1)
    grouped = values.reshape(groups, -1, *values.shape[1:])
    changed = grouped * signs.reshape(groups, 1, values.shape[1], *[1] * (values.ndim - 2))
    weights.CopyFrom(
        numpy_helper.from_array(changed.reshape(values.shape).astype(values.dtype), weights.name)
    )
