"""Fused heads give the same outputs."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, prepare

PICTURE = np.random.default_rng(0).normal(size=(1, 3, 4, 6)).astype(np.float32)
WIDTHS = {"a": 1, "b": 4, "c": 10}


def heads(**odd: dict[str, Any]) -> ModelProto:
    """Pairs of convolutions that read `x`; what is given by a head's name makes its second one odd."""
    random = np.random.default_rng(1)
    nodes: list[NodeProto] = []
    constants: dict[str, NDArray[np.float32]] = {}
    for name, width in WIDTHS.items():
        constants |= {
            f"{name}w": random.normal(size=(width, 3, 1, 1)).astype(np.float32),
            f"{name}wb": random.normal(size=width).astype(np.float32),
            f"{name}d": random.normal(size=(width, 1, 3, 3)).astype(np.float32),
            f"{name}db": random.normal(size=width).astype(np.float32),
        }
        attributes: dict[str, Any] = {"group": width, "pads": [1, 1, 1, 1], **odd.get(name, {})}
        nodes += [
            helper.make_node("Conv", ["x", f"{name}w", f"{name}wb"], [f"{name}n"]),
            helper.make_node("Conv", [f"{name}n", f"{name}d", f"{name}db"], [name], **attributes),
        ]
    graph = helper.make_graph(
        nodes,
        "heads",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, PICTURE.shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in WIDTHS],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def operations(prepared: bytes) -> list[str]:
    return [node.op_type for node in ModelProto.FromString(prepared).graph.node]


def check(source: ModelProto, prepared: bytes) -> None:
    expected = ReferenceEvaluator(source).run(None, {"x": PICTURE})
    found = OnnxRuntimeSession(prepared).run(PICTURE)
    for name, value in zip(WIDTHS, expected, strict=True):
        np.testing.assert_allclose(found[name], np.asarray(value), rtol=1e-5, atol=1e-5)


def test_all_are_one() -> None:
    source = heads()
    prepared = prepare(source.SerializeToString(), FreeAxes.BATCH)
    assert operations(prepared) == ["Conv", "Conv", "Split"]
    check(source, prepared)


@pytest.mark.parametrize("odd", [{"pads": [0, 0, 0, 0]}, {"strides": [2, 2]}])
def test_a_head_that_is_odd_stays_apart(odd: dict[str, Any]) -> None:
    source = heads(b=odd)
    prepared = prepare(source.SerializeToString(), FreeAxes.NONE)
    assert sorted(operations(prepared)) == ["Conv"] * 4 + ["Split"]
    check(source, prepared)


def test_a_tensor_that_others_read_stays() -> None:
    source = heads()
    source.graph.output.append(helper.make_tensor_value_info("an", TensorProto.FLOAT, None))
    prepared = prepare(source.SerializeToString(), FreeAxes.NONE)
    assert sorted(operations(prepared)) == ["Conv"] * 4 + ["Split"]


def test_other_engines_get_the_heads_as_they_are() -> None:
    assert operations(prepare(heads().SerializeToString(), FreeAxes.NONE, Dialect.OPENVINO)) == ["Conv"] * 6
