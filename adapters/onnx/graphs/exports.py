"""What the tools that export networks leave in their graphs, and what it tells."""

import json

from onnx import GraphProto, ModelProto, helper, numpy_helper

SCALES_ITS_INPUT = "scales_its_input"
"""In a prepared model's metadata if its graph turns bytes (0..255) into the numbers that it was trained with."""


GIVES_PROBABILITIES = "gives_probabilities"
"""Likewise if its first output comes from a softmax, so that it is no logit any more."""


OUTPUT_MEAN = "output_mean"
"""The mean of the vectors that the network gave in training, as a JSON list, if its file tells it."""


def record_scaling(model: ModelProto) -> None:
    """Write SCALES_ITS_INPUT into the metadata, where it holds.

    Exports from MXNet begin with what the network was trained with: subtract a constant, multiply by a constant.
    Those from PyTorch leave it to the caller. Constants must be initialisers.
    """
    if _scales_its_input(model.graph):
        _record(model, SCALES_ITS_INPUT)


def record_probabilities(model: ModelProto) -> None:
    """Write GIVES_PROBABILITIES into the metadata, where it holds."""
    name = model.graph.output[0].name
    if any(name in node.output and node.op_type == "Softmax" for node in model.graph.node):
        _record(model, GIVES_PROBABILITIES)


def record_output_mean(model: ModelProto) -> None:
    """Write OUTPUT_MEAN into the metadata, where a batch normalisation without activation comes last.

    Its output has, over the pictures of the training, exactly its parameter beta for a mean.
    """
    name = model.graph.output[0].name
    last = next((node for node in model.graph.node if name in node.output), None)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    if last is not None and last.op_type == "BatchNormalization" and last.input[2] in constants:
        beta = numpy_helper.to_array(constants[last.input[2]])
        _record(model, OUTPUT_MEAN, json.dumps(beta.tolist()))


def _record(model: ModelProto, key: str, value: str = "yes") -> None:
    known = {entry.key: entry.value for entry in model.metadata_props}
    helper.set_model_props(model, {**known, key: value})


def _scales_its_input(graph: GraphProto) -> bool:
    constants = {tensor.name for tensor in graph.initializer}
    tensors = {value.name for value in graph.input} - constants
    for operation in ("Sub", "Mul"):
        readers = [node for node in graph.node if tensors & set(node.input)]
        if len(readers) != 1 or readers[0].op_type != operation or readers[0].input[1] not in constants:
            return False
        tensors = set(readers[0].output)
    return True


def drop_false_spatial(graph: GraphProto) -> None:
    """Remove `spatial = 0` from batch normalisations whose parameters are one number a channel.

    Until opset 8 it meant one number an activation, and ONNX Runtime takes it at its word; MXNet's exporter
    wrote it for all of them (onnx/models, issue 156).
    """
    vectors = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 1}
    for node in graph.node:
        if node.op_type == "BatchNormalization" and node.input[1] in vectors:
            kept = [attribute for attribute in node.attribute if attribute.name != "spatial"]
            del node.attribute[:]
            node.attribute.extend(kept)
