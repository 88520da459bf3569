"""Fusing heads of a network that read the same tensor: many narrow convolutions use a wide CPU badly.

A detector's heads are, for each of its grids, a few pairs of a 1 x 1 convolution and a depthwise one, some with a
single channel, whereas a kernel computes eight or sixteen in parallel.
"""

from collections import defaultdict

import numpy as np
from onnx import GraphProto, NodeProto, helper, numpy_helper

_KERNEL_WIDTH = 16
"""Channels that a kernel computes in parallel."""


def fuse_heads(graph: GraphProto) -> list[NodeProto]:
    """The graph's nodes with all pairs that read the same tensor fused; constants are added to the graph.

    A Split restores the pairs' outputs.
    """
    heads = _heads(graph)
    names = {node.output[0] for pairs in heads.values() for pair in pairs for node in pair}
    nodes: list[NodeProto] = []
    for node in graph.node:
        if node.output[0] not in names:
            nodes.append(node)
        for pairs in heads.values():
            if node is pairs[-1][1]:
                nodes += _fused(graph, pairs)
    return nodes


def _heads(graph: GraphProto) -> dict[str, list[tuple[NodeProto, NodeProto]]]:
    """Two or more pairs of convolutions with constant weights and biases, by the tensor that they read."""
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    readers: defaultdict[str, list[NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            readers[name].append(node)
    results = {value.name for value in graph.output}
    pairs: defaultdict[str, list[tuple[NodeProto, NodeProto]]] = defaultdict(list)
    for first in graph.node:
        followers = readers[first.output[0]]
        only_reader = len(followers) == 1 and first.output[0] not in results
        if only_reader and _is_narrow(first, shapes) and _is_depthwise(followers[0], shapes):
            pairs[first.input[0]].append((first, followers[0]))
    return {name: found for name, found in pairs.items() if len(found) > 1}


def _is_narrow(node: NodeProto, shapes: dict[str, list[int]]) -> bool:
    """A 1 x 1 convolution to fewer channels than a kernel's, without strides and padding."""
    weights = _weights(node, shapes)
    if weights is None or weights[2:] != [1, 1] or weights[0] >= _KERNEL_WIDTH:
        return False
    return _has_default_steps(node, [0] * 4)


def _is_depthwise(node: NodeProto, shapes: dict[str, list[int]]) -> bool:
    """A 3 x 3 convolution of each channel by itself that keeps the size."""
    weights = _weights(node, shapes)
    groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
    return weights == [groups, 1, 3, 3] and _has_default_steps(node, [1] * 4)


def _weights(node: NodeProto, shapes: dict[str, list[int]]) -> list[int] | None:
    if node.op_type != "Conv" or len(node.input) != 3 or node.input[2] not in shapes:  # noqa: PLR2004
        return None
    return shapes.get(node.input[1])


def _has_default_steps(node: NodeProto, pads: list[int]) -> bool:
    given = {attribute.name: list(attribute.ints) for attribute in node.attribute}
    ones = [1, 1]
    return (
        given.get("strides", ones) == ones
        and given.get("dilations", ones) == ones
        and given.get("pads", [0] * 4) == pads
    )


def _fused(graph: GraphProto, pairs: list[tuple[NodeProto, NodeProto]]) -> list[NodeProto]:
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    name = f"{pairs[0][0].output[0]}_heads"

    def stacked(place: int, index: int) -> str:
        values = np.concatenate([constants[pair[place].input[index]] for pair in pairs])
        graph.initializer.append(numpy_helper.from_array(values, f"{name}_{place}_{index}"))
        return f"{name}_{place}_{index}"

    widths = [len(constants[second.input[2]]) for _, second in pairs]
    graph.initializer.append(numpy_helper.from_array(np.array(widths, np.int64), f"{name}_widths"))
    return [
        helper.make_node("Conv", [pairs[0][0].input[0], stacked(0, 1), stacked(0, 2)], [f"{name}_narrow"]),
        helper.make_node(
            "Conv",
            [f"{name}_narrow", stacked(1, 1), stacked(1, 2)],
            [f"{name}_joint"],
            group=sum(widths),
            pads=[1, 1, 1, 1],
        ),
        helper.make_node(
            "Split", [f"{name}_joint", f"{name}_widths"], [second.output[0] for _, second in pairs], axis=1
        ),
    ]
