"""Quantising a network's convolutions to int8, without calibration images.

After Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019: a batch
normalisation states the mean and the deviation of each channel of its output. It may divide each channel by any
factor that the next convolution multiplies it with, so that all channels use the same range.

Inputs become unsigned, weights signed numbers of 8 bits, between nodes that quantise and dequantise. Sums are exact
on every processor: without VNNI the products of two neighbouring channels are added in 16 bits.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

_DEVIATIONS = 9
"""Standard deviations from the mean beyond which values are clipped."""
_BALANCE = 0.7
"""1 equalises the ranges of the inputs' channels, 0 those of the weights; see docs/decisions/0004."""
_LEVELS = 255
"""Quantisation steps of an input."""
_LARGEST_PAIR = 127
"""Maximum sum of the weights of two neighbouring channels; with rounding it is 128, and 255 x 128 fits in 16 bits."""
_TINY = 1e-6
_ROWS = {"alpha": 1, "beta": 1, "transA": 0, "transB": 1}
"""Attributes of a Gemm whose weights have one row per output."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class _Layer:
    """A convolution, and the normalisation that states the range of its input."""

    convolution: NodeProto
    normalisation: NodeProto
    slopes: Array
    """Negative slopes of the PRelu between them; 1 where there is none."""


def quantise(graph: GraphProto) -> list[NodeProto]:
    """The graph's nodes; every ungrouped convolution that reads a batch normalisation's output is in int8.

    There may be a PRelu between them. A fully connected layer becomes such a convolution. Constants are added to
    the graph, and some are changed.

    Raises:
        ValueError: there is no such convolution.
    """
    nodes = _without_full_connection(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    layers = {layer.convolution.output[0]: layer for layer in _layers(nodes, constants)}
    if not layers:
        raise ValueError("nothing can be quantised")
    return [
        new
        for node in nodes
        for new in (
            _quantised(layers[node.output[0]], graph, constants) if node.output[0] in layers else [node]
        )
    ]


def _layers(nodes: list[NodeProto], constants: dict[str, TensorProto]) -> Iterator[_Layer]:
    made_by = {name: node for node in nodes for name in node.output}
    read = [name for node in nodes for name in node.input]
    for node in nodes:
        weights = constants.get(node.input[1]) if node.op_type == "Conv" else None
        if weights is None or weights.dims[1] % 2 or _attribute(node, "group", 1) != 1:
            continue
        source, slopes = made_by.get(node.input[0]), np.ones(1, np.float32)
        between = [node.input[0]]
        if source is not None and source.op_type == "PRelu" and source.input[1] in constants:
            slopes = _values(constants, source.input[1]).reshape(-1)
            between.append(source.input[0])
            source = made_by.get(source.input[0])
        if (
            source is not None
            and source.op_type == "BatchNormalization"
            and constants.keys() >= set(source.input[1:5])
            and all(read.count(name) == 1 for name in between)
        ):
            yield _Layer(node, source, slopes)


def _quantised(layer: _Layer, graph: GraphProto, constants: dict[str, TensorProto]) -> Iterator[NodeProto]:
    node, normalisation = layer.convolution, layer.normalisation
    gamma, mean = (_values(constants, name) for name in normalisation.input[1:3])
    ends = np.stack([mean - _DEVIATIONS * np.abs(gamma), mean + _DEVIATIONS * np.abs(gamma), 0 * mean])
    ends = np.where(ends > 0, ends, layer.slopes * ends)
    weights = _values(constants, node.input[1])

    inputs = np.maximum(np.abs(ends).max(0), _TINY)
    unit = inputs**_BALANCE / np.maximum(_largest(weights, 1), _TINY) ** (1 - _BALANCE)
    ends, weights = ends / unit, weights * unit.reshape(-1, *[1] * (weights.ndim - 2))
    step = np.float32((ends.max() - ends.min()) / _LEVELS)
    pairs = weights.reshape(len(weights), -1, 2, *weights.shape[2:])
    together = np.maximum(np.maximum(pairs, 0).sum(2), np.maximum(-pairs, 0).sum(2))
    steps = np.maximum(_largest(together, 0) / np.float32(_LARGEST_PAIR), _TINY)
    packed = np.rint(weights / steps.reshape(-1, *[1] * (weights.ndim - 1))).astype(np.int8)

    def constant(value: ArrayLike, name: str) -> str:
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), f"{node.output[0]}_{name}"))
        return f"{node.output[0]}_{name}"

    normalisation.input[1] = constant(gamma / unit, "gamma")
    normalisation.input[2] = constant(mean / unit, "beta")
    scales = [constant(step, "step"), constant(np.uint8(np.rint(-ends.min() / step)), "zero")]
    factors = [
        constant(packed, "packed"),
        constant(steps, "steps"),
        constant(0 * steps.astype(np.int8), "zeros"),
    ]
    levels, rounded, unpacked = (f"{node.output[0]}_{name}" for name in ("levels", "rounded", "unpacked"))
    yield helper.make_node("QuantizeLinear", [node.input[0], *scales], [levels])
    yield helper.make_node("DequantizeLinear", [levels, *scales], [rounded])
    yield helper.make_node("DequantizeLinear", factors, [unpacked], axis=0)
    convolution = helper.make_node("Conv", [rounded, unpacked, *node.input[2:]], list(node.output))
    convolution.attribute.extend(node.attribute)
    yield convolution


def _without_full_connection(graph: GraphProto) -> list[NodeProto]:
    """The nodes; each Gemm that reads a flattened normalisation becomes a convolution of the full size."""
    constants = {tensor.name: tensor for tensor in graph.initializer}
    made_by = {name: node for node in graph.node for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        normalisation = _flattened_input(node, made_by)
        if normalisation is None or node.input[1] not in constants:
            nodes.append(node)
            continue
        rows = _values(constants, node.input[1])
        channels = len(_values(constants, normalisation.input[1]))
        side = math.isqrt(rows.shape[1] // channels)
        kernels, pixel = f"{node.output[0]}_kernels", f"{node.output[0]}_pixel"
        graph.initializer.append(numpy_helper.from_array(rows.reshape(-1, channels, side, side), kernels))
        nodes += [
            helper.make_node("Conv", [normalisation.output[0], kernels, *node.input[2:]], [pixel]),
            helper.make_node("Flatten", [pixel], list(node.output)),
        ]
    return _used(nodes, graph)


def _flattened_input(node: NodeProto, made_by: dict[str, NodeProto]) -> NodeProto | None:
    """The normalisation whose flattened output a Gemm multiplies with rows of weights; None for other nodes."""
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    if node.op_type != "Gemm" or {"alpha": 1, "beta": 1, "transA": 0, **attributes} != _ROWS:
        return None
    source = made_by.get(node.input[0])
    while source is not None and source.op_type in {"Flatten", "Dropout"}:
        source = made_by.get(source.input[0])
    return source if source is not None and source.op_type == "BatchNormalization" else None


def _used(nodes: list[NodeProto], graph: GraphProto) -> list[NodeProto]:
    """Those that contribute to an output."""
    names, used = {value.name for value in graph.output}, []
    for node in reversed(nodes):
        if names & set(node.output):
            names.update(node.input)
            used.append(node)
    return used[::-1]


def _attribute(node: NodeProto, name: str, default: float) -> float:
    return next((helper.get_attribute_value(one) for one in node.attribute if one.name == name), default)


def _values(constants: dict[str, TensorProto], name: str) -> Array:
    values: Array = numpy_helper.to_array(constants[name]).astype(np.float32)
    return values


def _largest(weights: Array, axis: int) -> Array:
    """Largest absolute value for each index of this axis."""
    largest: Array = np.abs(np.moveaxis(weights, axis, 0)).reshape(weights.shape[axis], -1).max(1)
    return largest
