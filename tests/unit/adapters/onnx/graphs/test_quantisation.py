"""Networks in int8: small graphs, and what SFace becomes."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, prepare
from domain.errors import BrokenModel
from domain.models import Precision
from tests.conftest import SFACE_FILE, packaged
from tests.unit.networks import onnx_file

CHANNELS, OUTPUTS, SIDE = 4, 6, 3
NORMALISE = helper.make_node("BatchNormalization", ["data", "gamma", "beta", "mean", "variance"], ["normal"])
ACTIVATE = helper.make_node("PRelu", ["normal", "slopes"], ["active"])
SPATIAL = (1, OUTPUTS, SIDE, SIDE)
RANDOM = np.random.default_rng(7)
CONSTANTS: Mapping[str, NDArray[np.float32]] = {
    "gamma": np.array([0.01, 1, -2, 30], np.float32),
    "beta": np.array([0, -1, 3, 10], np.float32),
    "mean": np.zeros(CHANNELS, np.float32),
    "variance": np.ones(CHANNELS, np.float32),
    "slopes": np.array([0.25, -0.5, 1.5, 0], np.float32).reshape(-1, 1, 1),
    "weights": RANDOM.normal(size=(OUTPUTS, CHANNELS, 1, 1)).astype(np.float32),
    "rows": RANDOM.normal(size=(OUTPUTS, CHANNELS * SIDE * SIDE)).astype(np.float32),
    "bias": RANDOM.normal(size=OUTPUTS).astype(np.float32),
}
PICTURE = RANDOM.normal(size=(1, CHANNELS, SIDE, SIDE)).astype(np.float32)
"""As the normalisation expects it: of mean 0 and deviation 1."""


def graph(nodes: list[NodeProto], gives: tuple[int, ...] = SPATIAL) -> bytes:
    read = {name for node in nodes for name in node.input}
    constants = {name: value for name, value in CONSTANTS.items() if name in read}
    return onnx_file(nodes, constants, PICTURE.shape, {"y": gives})


def convolution(source: str) -> NodeProto:
    return helper.make_node("Conv", [source, "weights"], ["y"])


def quantised(source: bytes) -> bytes:
    return prepare(source, FreeAxes.NONE, Dialect.OPENVINO, Precision.INT8)


def kinds(model: bytes) -> list[str]:
    return [node.op_type for node in ModelProto.FromString(model).graph.node]


def relative_error(source: bytes) -> float:
    exact = OnnxRuntimeSession(prepare(source, FreeAxes.NONE)).run(PICTURE)["y"]
    found = OnnxRuntimeSession(quantised(source)).run(PICTURE)["y"]
    assert found.shape == exact.shape
    return float(np.linalg.norm(found - exact) / np.linalg.norm(exact))


ACTIVATED = graph([NORMALISE, ACTIVATE, convolution("active")])
PLAIN = graph([NORMALISE, convolution("normal")])
CONNECTED = graph(
    [
        NORMALISE,
        helper.make_node("Dropout", ["normal"], ["kept"]),
        helper.make_node("Flatten", ["kept"], ["flat"]),
        helper.make_node("Gemm", ["flat", "rows", "bias"], ["y"], transB=1),
    ],
    (1, OUTPUTS),
)


@pytest.mark.parametrize("source", [ACTIVATED, PLAIN, CONNECTED], ids=["activated", "plain", "connected"])
def test_channels_of_very_different_size_keep_their_numbers(source: bytes) -> None:
    assert 0 < relative_error(source) < 0.02


def test_a_fully_connected_layer_becomes_a_convolution() -> None:
    assert kinds(quantised(CONNECTED)) == [
        "BatchNormalization",
        "QuantizeLinear",
        "DequantizeLinear",
        "DequantizeLinear",
        "Conv",
        "Flatten",
    ]


@pytest.mark.parametrize(
    "nodes",
    [
        [helper.make_node("Relu", ["data"], ["active"]), convolution("active")],
        [
            NORMALISE,
            helper.make_node("Conv", ["normal", "weights"], ["z"]),
            helper.make_node("Conv", ["normal", "weights"], ["w"]),
            helper.make_node("Add", ["z", "w"], ["y"]),
        ],
        [NORMALISE, helper.make_node("Relu", ["normal"], ["y"])],
    ],
    ids=["no normalisation", "two that read it", "no convolution"],
)
def test_what_cannot_be_quantised_is_refused(nodes: list[NodeProto]) -> None:
    with pytest.raises(BrokenModel):
        quantised(graph(nodes))


def test_products_of_neighbours_fit_in_16_bits() -> None:
    model = ModelProto.FromString(quantised(packaged(SFACE_FILE)))
    packed = [
        numpy_helper.to_array(tensor).astype(int)
        for tensor in model.graph.initializer
        if tensor.name.endswith("_packed")
    ]
    assert len(packed) == 14
    for weights in packed:
        pairs = weights.reshape(len(weights), -1, 2, *weights.shape[2:])
        assert 255 * np.maximum(pairs, 0).sum(axis=2).max() < 2**15
        assert 255 * np.minimum(pairs, 0).sum(axis=2).min() >= -(2**15)
        assert np.abs(weights).max() > 64
