"""Messages of the Open Inference Protocol, as they are and as nobody should send them."""

import json
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest

from adapters.remote.protocol import (
    MAX_HEADER_BYTES,
    MAX_TENSORS,
    Answer,
    MalformedMessage,
    bytes_tensor,
    read_answer,
    read_request,
    write_answer,
    write_request,
)

TENSORS = {
    "file": bytes_tensor(b"a photo", b""),
    "crops": np.arange(24, dtype=np.uint8).reshape(2, 2, 2, 3),
    "boxes": np.array([[0.1, np.nan]]),
    "vectors": np.zeros((0, 128), dtype=np.float32),
}


def body(header: object, binary: bytes = b"") -> tuple[bytes, str]:
    encoded = json.dumps(header).encode()
    return encoded + binary, str(len(encoded))


def tensor(**changes: object) -> dict[str, object]:
    return {
        "name": "x",
        "shape": [2],
        "datatype": "FP32",
        "parameters": {"binary_data_size": 8},
        **changes,
    }


def test_tensors_arrive_as_they_were_sent() -> None:
    sent, header = write_request(TENSORS, {"selection": "all", "min_face": None}, ["boxes"])
    request, found = read_request(sent, str(header))
    assert request.parameters == {"selection": "all", "min_face": None, "binary_data_output": True}
    assert [output.name for output in request.outputs] == ["boxes"]
    assert list(found) == list(TENSORS)
    for name, expected in TENSORS.items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


@pytest.mark.parametrize("binary", [set(), {"crops"}, {"crops", "boxes", "vectors"}])
def test_answers_as_lists_and_as_bytes(binary: set[str]) -> None:
    outputs = {name: value for name, value in TENSORS.items() if name != "file"}
    sent, header = write_answer(Answer(model_name="m", outputs=[]), outputs, binary)
    assert (header is None) == (not binary)
    answer, found = read_answer(sent, None if header is None else str(header))
    assert answer.model_name == "m"
    assert list(found) == list(outputs)
    for name, expected in outputs.items():
        np.testing.assert_array_equal(found[name], expected)


def test_lists_nested_or_flat() -> None:
    for data in ([1, 2, 3, 4], [[1, 2], [3, 4]]):
        sent, _ = body({"inputs": [tensor(shape=[2, 2], datatype="UINT8", parameters={}, data=data)]})
        np.testing.assert_array_equal(read_request(sent, None)[1]["x"], [[1, 2], [3, 4]])


REFUSED: dict[str, tuple[dict[str, Any], bytes]] = {
    "a size that is negative": (tensor(parameters={"binary_data_size": -1}), bytes(8)),
    "a size beyond the body": (tensor(parameters={"binary_data_size": 10**18}), bytes(8)),
    "a size that is no number": (tensor(parameters={"binary_data_size": "8"}), bytes(8)),
    "a size that is true": (tensor(shape=[1], datatype="UINT8", parameters={"binary_data_size": True}), b"1"),
    "bytes of no tensor": (tensor(), bytes(9)),
    "fewer bytes than the shape": (tensor(shape=[3]), bytes(8)),
    "a shape beyond any memory": (tensor(shape=[2**40, 2**40]), bytes(8)),
    "a negative length": (tensor(shape=[-2]), bytes(8)),
    "two negative lengths": (tensor(shape=[-1, -2]), bytes(8)),
    "many dimensions": (tensor(shape=[1] * 2000), bytes(8)),
    "an unknown datatype": (tensor(datatype="FP17"), bytes(8)),
    "no data at all": (tensor(parameters={}), b""),
    "data of text": (tensor(parameters={}, data=["a", "b"]), b""),
    "ragged data": (tensor(parameters={}, data=[[1], [2, 3]]), b""),
    "data beyond the datatype": (tensor(datatype="UINT8", parameters={}, data=[1, 256]), b""),
    "data beyond any number": (tensor(datatype="INT32", parameters={}, data=[1, 10**30]), b""),
    "an element beyond the tensor": (tensor(shape=[1], datatype="BYTES"), b"\xff\xff\xff\xff1234"),
    "fewer elements": (tensor(shape=[2], datatype="BYTES"), b"\x04\0\0\0abcd"),
    "more elements": (tensor(shape=[1], datatype="BYTES"), bytes(8)),
    "elements beyond any memory": (tensor(shape=[2**60], datatype="BYTES"), bytes(8)),
    "bytes as a list": (tensor(shape=[1], datatype="BYTES", parameters={}, data=["a"]), b""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_words(name: str) -> None:
    header, binary = REFUSED[name]
    sent, length = body({"inputs": [header]}, binary)
    with pytest.raises(MalformedMessage, match=r"\w{2,} \w{2,}"):
        read_request(sent, length)


@pytest.mark.parametrize("length", ["-1", "1e3", "", "9" * 40, "100000", "²", "0x10"])
def test_a_length_of_the_json_that_lies(length: str) -> None:
    sent, _ = body({"inputs": []})
    with pytest.raises(MalformedMessage):
        read_request(sent, length)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"inputs": 1}',
        b'{"inputs": [' + b"[" * 100_000,
        b'{"inputs": [], "parameters": {"a": {"b": 1}}}',
        b'{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": ' + b"[" * 50_000,
        b'{"inputs": [{"name": "x", "shape": ["2"], "datatype": "FP32"}]}',
        b'{"inputs": [{"name": "x", "shape": [1e99], "datatype": "FP32"}]}',
        b" " * (MAX_HEADER_BYTES + 1),
    ],
    ids=range(11),
)
def test_json_that_is_no_message(sent: bytes) -> None:
    with pytest.raises(MalformedMessage):
        read_request(sent, None)


def test_the_same_tensor_twice_and_too_many() -> None:
    for headers in (
        [tensor()] * 2,
        [tensor(name=str(n), shape=[0], parameters={}, data=[]) for n in range(MAX_TENSORS + 1)],
    ):
        sent, length = body({"inputs": headers}, bytes(16) if len(headers) == 2 else b"")
        with pytest.raises(MalformedMessage):
            read_request(sent, length)


def test_a_refusal_takes_no_memory() -> None:
    header = {"inputs": [tensor(shape=[2**31], datatype="FP64", parameters={"binary_data_size": 2**34})]}
    sent, length = body(header, bytes(8))
    tracemalloc.start()
    try:
        with pytest.raises(MalformedMessage):
            read_request(sent, length)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_the_json_of_a_request_is_that_of_the_specification() -> None:
    sent, header = write_request({"x": np.zeros(2, np.float32)}, {})
    assert msgspec.json.decode(sent[:header]) == {
        "parameters": {"binary_data_output": True},
        "inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}],
    }
