"""Bare networks on servers that aren't ours: what they answer is used only if it can be right."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from typing import Any

import msgspec
import numpy as np
import pytest
from onnx import TensorProto, helper

from adapters.remote.client import ModelServiceClient
from adapters.remote.connections import MAX_ANSWER_BYTES
from adapters.remote.graphs import MAX_BATCH, BareGraph
from adapters.remote.protocol import HEADER_LENGTH
from domain.errors import BrokenModel, FaceServiceError, ModelUnavailable
from domain.models import ModelIdentity, version_of
from tests.unit.adapters.remote.graph_server import Graph, GraphServer, graph_of
from tests.unit.adapters.remote.servers import Say, drip, hang, refuse, send, serving

SHA256 = "a1" * 32
MODEL = ModelIdentity("m", frozenset({SHA256}), 2)
BATCH = np.array([[1, -2], [3, 4]], np.float32)
POSITIVE = [[1, 0], [3, 4]]

Connect = Callable[..., BareGraph]


@pytest.fixture(scope="module")
def relu() -> bytes:
    given, found = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 2]) for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [given], [found])
    model: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8
    ).SerializeToString()
    return model


@pytest.fixture
def graph(relu: bytes) -> Graph:
    return graph_of(relu, SHA256)


@pytest.fixture
def connect() -> Iterator[Connect]:
    with ExitStack() as stack:

        def connect(say: Say, path: str = "", timeout_s: float = 20) -> BareGraph:
            server = stack.enter_context(serving(say))
            client = ModelServiceClient("recognition", [server.url + path], "", timeout_s)
            stack.callback(client.close)
            return BareGraph(client, MODEL, client.describe(MODEL.name))

        yield connect


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "JSON alone"])
@pytest.mark.parametrize("path", ["", "/v2/models/theirs"], ids=["our name", "their name"])
def test_a_network_runs_there(connect: Connect, graph: Graph, path: str, *, binary: bool) -> None:
    server = GraphServer({"theirs" if path else "m": graph}, binary)
    there = connect(server, path)
    assert there.input_shape == (None, 2)
    assert there.output_shapes == {"y": (None, 2)}
    assert there.run(BATCH)["y"].tolist() == POSITIVE
    assert there.run(BATCH)["y"].tolist() == POSITIVE
    assert server.asked.count("/v2") == 1


def test_large_batches_are_divided(connect: Connect, graph: Graph) -> None:
    server = GraphServer({"m": graph})
    batch = np.arange(2 * MAX_BATCH + 2, dtype=np.float32).reshape(-1, 2).repeat(2, axis=0)
    np.testing.assert_array_equal(connect(server).run(batch)["y"], batch)
    assert server.asked.count("/v2/models/m/infer") == 3


@pytest.mark.parametrize("parameters", [{}, {"sha256": "b2" * 32}], ids=["no weights", "other weights"])
def test_weights_that_are_not_stated_are_not_used(
    connect: Connect, graph: Graph, parameters: dict[str, str]
) -> None:
    graph.parameters = parameters
    with pytest.raises(BrokenModel):
        connect(GraphServer({"m": graph}))


def test_a_server_without_configurations_may_state_them_with_the_model(
    connect: Connect, graph: Graph
) -> None:
    server = GraphServer({"m": graph})

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        stated: dict[str, Any] = {"name": "m", "inputs": graph.inputs, "outputs": graph.outputs}
        if handler.path == "/v2/models/m":
            said = {**stated, "parameters": {**graph.parameters, "content_type": None, "more": {"a": [1]}}}
            send(handler, 200, msgspec.json.encode(said))
        else:
            server(handler, body)

    assert connect(say).run(BATCH)["y"].tolist() == POSITIVE
    assert "/v2/models/m/config" not in server.asked


@pytest.mark.parametrize("version", ["1", "", version_of("b2" * 32)])
def test_an_answer_of_other_weights_is_not_used(connect: Connect, graph: Graph, version: str) -> None:
    """A server may be replaced by another one between two requests."""
    there = connect(GraphServer({"m": graph}))
    there.run(BATCH)
    graph.version = version
    with pytest.raises(BrokenModel):
        there.run(BATCH)
    graph.version = version_of(SHA256)
    assert there.run(BATCH)["y"].tolist() == POSITIVE


@pytest.mark.parametrize(
    "tensors",
    [
        {"inputs": []},
        {"outputs": []},
        {"inputs": [{"name": "x", "datatype": "UINT8", "shape": [-1, 2]}]},
        {"inputs": [{"name": name, "datatype": "FP32", "shape": [-1, 2]} for name in "xz"]},
    ],
    ids=["no input", "no output", "bytes", "two inputs"],
)
def test_a_graph_with_other_tensors_is_not_used(
    connect: Connect, graph: Graph, tensors: dict[str, Any]
) -> None:
    for name, value in tensors.items():
        setattr(graph, name, value)
    with pytest.raises(BrokenModel):
        connect(GraphServer({"m": graph}))


def said(**changed: Any) -> bytes:
    output = {"name": "y", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4], **changed}
    return msgspec.json.encode({"model_name": "m", "model_version": version_of(SHA256), "outputs": [output]})


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff\x00garbage",
        b"[" * 1_000_000,
        b'{"model_name": "m"}',
        said()[:-20],
        said(name="z"),
        said(shape=[1, 4]),
        said(shape=[3, 2], data=[0] * 6),
        said(shape=[2, 3]),
        said(shape=[2, 2**62]),
        said(shape=[0, 10**18], data=[]),
        said(shape=[0, 10**30], data=[]),
        said(shape=[-1, -2]),
        said(datatype="FP64"),
        said(datatype="BYTES"),
        said(data=[1, 2, 3, None]),
        said(data=[1, 2, 3, 1e39]),
        said(data=["a", "b", "c", "d"]),
        said(data=[[[1, 2], [3]], 4]),
        said(data=None),
        said(parameters={"binary_data_size": 16}),
    ],
)
@pytest.mark.parametrize("header", [None, 10, 10**9])
def test_garbage_is_no_answer(connect: Connect, graph: Graph, answer: bytes, header: int | None) -> None:
    server = GraphServer({"m": graph})
    bad = [False]

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if bad[0] and handler.path.endswith("/infer"):
            send(handler, 200, answer, header)
        else:
            server(handler, body)

    there = connect(say)
    there.run(BATCH)
    bad[0] = True
    with pytest.raises(ModelUnavailable):
        there.run(BATCH)
    bad[0] = False
    assert there.run(BATCH)["y"].tolist() == POSITIVE


def endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """A gigabyte."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    part, sent = bytes(1_000_000), 0
    try:
        while sent < 10**9:
            handler.wfile.write(part)
            sent += len(part)
    except OSError:
        pass
    SENT.append(sent)


SENT: list[int] = []


def elsewhere(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(307)
    handler.send_header("Location", "/v2/models/other/infer")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def half(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"model_name"')


BAD = [
    hang,
    drip,
    half,
    elsewhere,
    refuse(400, "", "shape"),
    refuse(500, "x"),
    refuse(503, ""),
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("what", ["/v2", "/v2/models/m", "/v2/models/m/config", "/v2/models/m/infer"])
def test_bad_days_are_no_answers(connect: Connect, graph: Graph, bad: Say, what: str) -> None:
    server = GraphServer({"m": graph})

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        (bad if handler.path == what else server)(handler, body)

    began = time.monotonic()
    with pytest.raises(FaceServiceError) as refused:
        connect(say, timeout_s=0.4).run(BATCH)
    assert isinstance(refused.value, ModelUnavailable | BrokenModel)
    assert time.monotonic() - began < 30


def test_a_gigabyte_is_not_read_to_its_end(connect: Connect, graph: Graph) -> None:
    server = GraphServer({"m": graph})

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        (endless if handler.path.endswith("/infer") else server)(handler, body)

    SENT.clear()
    there = connect(say)
    with pytest.raises(ModelUnavailable):
        there.run(BATCH)
    deadline = time.monotonic() + 30
    while not SENT and time.monotonic() < deadline:
        time.sleep(0.01)
    assert SENT[0] < 2 * MAX_ANSWER_BYTES


def test_a_header_of_http_is_that_of_binary_answers(connect: Connect, graph: Graph) -> None:
    lengths: list[str | None] = []
    server = GraphServer({"m": graph})

    def say(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.path.endswith("/infer"):
            lengths.append(handler.headers[HEADER_LENGTH])
            assert handler.headers["Content-Type"] == "application/octet-stream"
        server(handler, body)

    connect(say).run(BATCH)
    assert lengths[0] is not None
