"""Graph preparation: small graphs, and the real files against themselves."""

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.exports import GIVES_PROBABILITIES
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, prepare
from domain.errors import BrokenModel
from tests.conftest import SFACE_FILE, packaged

SHAPE = (1, 3, 4, 6)
PICTURE = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


def model(nodes: list[NodeProto], constants: dict[str, NDArray[np.generic]], *dead: str) -> ModelProto:
    """A graph from `x` (1 x 3 x 4 x 6) to `y` of the same shape, with inputs that nothing reads."""
    floats = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("x", *dead)]
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, SHAPE)
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "test", floats, [result], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def prepared_graph(
    source: ModelProto, free: FreeAxes = FreeAxes.NONE, dialect: Dialect = Dialect.ONNXRUNTIME
) -> GraphProto:
    graph: GraphProto = ModelProto.FromString(prepare(source.SerializeToString(), free, dialect)).graph
    return graph


def quantised(*, shuffled: bool) -> ModelProto:
    """A 1 x 1 convolution whose weights are unpacked and reshaped in the graph."""
    nodes = [
        helper.make_node("DequantizeLinear", ["packed", "scale", "zero"], ["flat"], axis=1, block_size=3),
        helper.make_node("Reshape", ["flat", "shape"], ["weight"]),
        helper.make_node("Conv", ["x", "weight"], ["y"]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "packed": np.arange(9, dtype=np.int8).reshape(3, 3),
        "scale": np.array([[0.5], [0.25], [2.0]], np.float32),
        "zero": np.array([[1], [0], [3]], np.int8),
        "shape": np.array([3, 3, 1, 1], np.int64),
    }
    return model(nodes[1::-1] + nodes[2:] if shuffled else nodes, constants)


def test_weights_are_unpacked() -> None:
    graph = prepared_graph(quantised(shuffled=False))
    assert [node.op_type for node in graph.node] == ["Conv"]
    assert [tensor.name for tensor in graph.initializer] == ["weight"]


def test_the_order_of_nodes_does_not_matter() -> None:
    assert prepared_graph(quantised(shuffled=True)) == prepared_graph(quantised(shuffled=False))


def test_unpacked_weights_have_the_same_values() -> None:
    source = quantised(shuffled=False)
    prepared = prepare(source.SerializeToString(), FreeAxes.NONE)
    expected = ReferenceEvaluator(source).run(None, {"x": PICTURE})
    np.testing.assert_allclose(run(prepared), np.asarray(expected)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("dialect", "slopes", "nodes"),
    [
        (Dialect.ONNXRUNTIME, (0.25, -0.5, 1.0), {"Mul", "Relu", "Add"}),
        (Dialect.ONNXRUNTIME, (0.25, -0.5, 1.25), {"Mul", "Relu", "Add"}),
        (Dialect.OPENVINO, (0.25, -0.5, 1.0), {"Mul", "Max"}),
        (Dialect.OPENVINO, (0.25, -0.5, 1.25), {"Mul", "Relu", "Add"}),
    ],
    ids=["none above 1", "one above 1", "OpenVINO, none above 1", "OpenVINO, one above 1"],
)
def test_prelu_is_written_with_elementwise_nodes(
    dialect: Dialect, slopes: tuple[float, ...], nodes: set[str]
) -> None:
    slope = np.array(slopes, np.float32).reshape(3, 1, 1)
    prepared = prepare(
        model([helper.make_node("PRelu", ["x", "slope"], ["y"])], {"slope": slope}).SerializeToString(),
        FreeAxes.NONE,
        dialect,
    )
    assert {node.op_type for node in ModelProto.FromString(prepared).graph.node} == nodes
    expected = np.where(PICTURE > 0, PICTURE, slope * PICTURE)
    np.testing.assert_allclose(run(prepared), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("groups", [1, 3])
def test_the_sign_of_steep_channels_is_turned_and_turned_back(groups: int) -> None:
    random = np.random.default_rng(1)
    slope = np.array([0.25, 1.25, -0.5], np.float32).reshape(3, 1, 1)
    weights = random.normal(size=(3, 3 // groups, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("PRelu", ["x", "slope"], ["z"]),
        helper.make_node("Conv", ["z", "weights"], ["y"], group=groups),
    ]
    source = model(nodes, {"slope": slope, "weights": weights})
    graph = prepared_graph(source)
    assert [node.op_type for node in graph.node] == ["Mul", "Relu", "Mul", "Add", "Conv"]
    expected = ReferenceEvaluator(source).run(None, {"x": PICTURE})
    found = run(prepare(source.SerializeToString(), FreeAxes.NONE))
    np.testing.assert_allclose(found, np.asarray(expected)[0], rtol=1e-5, atol=1e-6)


def test_steep_channels_that_others_read_keep_their_sign() -> None:
    slope = np.array([0.25, 1.25, -0.5], np.float32).reshape(3, 1, 1)
    nodes = [
        helper.make_node("PRelu", ["x", "slope"], ["z"]),
        helper.make_node("Conv", ["z", "weights"], ["w"], group=3),
        helper.make_node("Add", ["z", "w"], ["y"]),
    ]
    source = model(nodes, {"slope": slope, "weights": np.ones((3, 1, 1, 1), np.float32)})
    expected = ReferenceEvaluator(source).run(None, {"x": PICTURE})
    found = run(prepare(source.SerializeToString(), FreeAxes.NONE))
    np.testing.assert_allclose(found, np.asarray(expected)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dialect", Dialect)
def test_prelu_with_a_computed_slope_is_left_alone(dialect: Dialect) -> None:
    nodes = [helper.make_node("Abs", ["x"], ["slope"]), helper.make_node("PRelu", ["x", "slope"], ["y"])]
    graph = prepared_graph(model(nodes, {}), dialect=dialect)
    assert [node.op_type for node in graph.node] == ["Abs", "PRelu"]


def test_dead_inputs_and_initializers_are_dropped() -> None:
    source = model(
        [helper.make_node("Add", ["x", "one"], ["y"])],
        {"one": np.ones(1, np.float32), "unread": np.ones(1, np.float32)},
        "dead",
        "one",
    )
    graph = prepared_graph(source)
    assert [value.name for value in graph.input] == ["x"]
    assert [tensor.name for tensor in graph.initializer] == ["one"]


def test_free_axes() -> None:
    flatten = [
        helper.make_node("Reshape", ["x", "shape"], ["rows"]),
        helper.make_node("Relu", ["rows"], ["y"]),
    ]
    source = model(flatten, {"shape": np.array([1, -1, 3], np.int64)})
    del source.graph.output[0].type.tensor_type.shape.dim[3]
    prepared = prepare(source.SerializeToString(), FreeAxes.BATCH | FreeAxes.SIZE)
    session = OnnxRuntimeSession(prepared)
    assert session.input_shape == (None, 3, None, None)
    assert session.run(np.ones((5, 3, 2, 2), np.float32))["y"].shape == (5, 4, 3)


@pytest.mark.parametrize(("last", "expected"), [("Softmax", True), ("Relu", False)])
def test_a_softmax_at_the_end_is_recorded(last: str, expected: bool) -> None:  # noqa: FBT001
    nodes = [helper.make_node("Softmax", ["x"], ["inner"]), helper.make_node(last, ["inner"], ["y"])]
    session = OnnxRuntimeSession(prepare(model(nodes, {}).SerializeToString(), FreeAxes.NONE))
    assert (GIVES_PROBABILITIES in session.metadata) is expected


def test_fixed_axes_stay_fixed() -> None:
    session = OnnxRuntimeSession(
        prepare(model([helper.make_node("Relu", ["x"], ["y"])], {}).SerializeToString(), FreeAxes.NONE)
    )
    assert session.input_shape == SHAPE
    assert session.output_shapes == {"y": SHAPE}


@pytest.mark.parametrize("source", [b"\xff\x00 not a model", b"PK\x03\x04 an archive"])
def test_what_is_no_model_is_refused(source: bytes) -> None:
    with pytest.raises(BrokenModel):
        prepare(source, FreeAxes.BATCH)


@pytest.mark.parametrize("model", [b"", b"nothing"])
def test_what_the_runtime_cannot_load_is_refused(model: bytes) -> None:
    with pytest.raises(BrokenModel):
        OnnxRuntimeSession(model)


def test_a_model_with_two_inputs_is_refused() -> None:
    two = model([helper.make_node("Add", ["x", "z"], ["y"])], {}, "z")
    with pytest.raises(BrokenModel, match="2 inputs"):
        OnnxRuntimeSession(two.SerializeToString())


def test_the_prepared_recogniser_computes_what_the_published_one_does(
    prepared_models: PreparedModels,
) -> None:
    source = packaged(SFACE_FILE)
    picture = np.random.default_rng(0).uniform(0, 255, (1, 3, 112, 112)).astype(np.float32)
    outputs = OnnxRuntimeSession(prepared_models.prepared(source, FreeAxes.BATCH)).run(picture)
    np.testing.assert_allclose(outputs["fc1"], published_output(source, picture), rtol=1e-4, atol=1e-5)


def published_output(source: bytes, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the file as it is; the inputs that nothing reads are fed with zeros."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    first, *dead = session.get_inputs()
    feeds = {value.name: np.zeros(value.shape, np.float32) for value in dead} | {first.name: picture}
    return np.asarray(session.run(None, feeds)[0])


def run(prepared: bytes) -> NDArray[np.float32]:
    return OnnxRuntimeSession(prepared).run(PICTURE)["y"]
