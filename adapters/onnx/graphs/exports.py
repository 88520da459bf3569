"""What can be told of a network from the way its graph was exported, recorded in the prepared file's metadata."""

from onnx import GraphProto, ModelProto, helper

SCALES_ITS_INPUT = "scales_its_input"
"""Present if the graph itself converts bytes (0..255) to the numbers that the network was trained with."""
GIVES_PROBABILITIES = "gives_probabilities"
"""Present if the first output comes from a softmax instead of being logits."""


def record_exports(model: ModelProto) -> None:
    """Write what holds of these keys into the metadata."""
    found = {entry.key: entry.value for entry in model.metadata_props}
    if _scales_its_input(model.graph):
        found[SCALES_ITS_INPUT] = "yes"
    name = model.graph.output[0].name
    last = next((node for node in model.graph.node if name in node.output), None)
    if last is not None and last.op_type == "Softmax":
        found[GIVES_PROBABILITIES] = "yes"
    helper.set_model_props(model, found)


def _scales_its_input(graph: GraphProto) -> bool:
    """Exports from MXNet begin by subtracting and multiplying by constants; those from PyTorch don't."""
    constants = {tensor.name for tensor in graph.initializer}
    tensors = {value.name for value in graph.input} - constants
    for operation in ("Sub", "Mul"):
        readers = [node for node in graph.node if tensors & set(node.input)]
        if len(readers) != 1 or readers[0].op_type != operation or readers[0].input[1] not in constants:
            return False
        tensors = set(readers[0].output)
    return True


def drop_false_spatial(graph: GraphProto) -> None:
    """Remove `spatial = 0` from batch normalisations whose parameters are one number per channel.

    Until opset 8 it meant one number per activation, and ONNX Runtime respects it; MXNet's exporter wrote it
    for all of them (onnx/models, issue 156).
    """
    vectors = {tensor.name for tensor in graph.initializer if len(tensor.dims) == 1}
    for node in graph.node:
        if node.op_type == "BatchNormalization" and node.input[1] in vectors:
            kept = [attribute for attribute in node.attribute if attribute.name != "spatial"]
            del node.attribute[:]
            node.attribute.extend(kept)
