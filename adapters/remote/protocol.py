"""Messages of the Open Inference Protocol, version 2, over HTTP, with the binary tensor extension.

A body is a JSON header, and after it the tensors whose header says `binary_data_size`, one after another. The HTTP
header HEADER_LENGTH has the length of the JSON; without it the body is JSON alone, with the tensors as lists.
https://github.com/kserve/open-inference-protocol
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

HEADER_LENGTH = "inference-header-content-length"
CHALLENGE = 'Bearer realm="face-api models"'
"""How our services ask for FACE_SERVICE_KEY (RFC 9110, section 11.6.1)."""
MAX_HEADER_BYTES = 1_000_000
"""The JSON of a message; with it, tensors that are lists."""
MAX_TENSORS = 64
"""Tensors of a message."""
MAX_RANK = 8
"""Dimensions of a tensor."""
_MAX_LENGTH = 2**31
"""Of a dimension."""

T = TypeVar("T")

Tensor: TypeAlias = NDArray[Any]
"""Of dtype object for BYTES."""
Parameters: TypeAlias = Mapping[str, str | int | float | bool | None]

DTYPES: Mapping[str, str] = {
    "BOOL": "?",
    "UINT8": "u1",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP32": "<f4",
    "FP64": "<f8",
}
"""By the protocol's name: numpy's, little-endian. BYTES has elements of any length, each after its length."""
BYTES = "BYTES"
_LENGTH_BYTES = 4


class MalformedMessage(ValueError):
    """A message that doesn't follow the protocol; the text says why, and may be shown to whoever sent it."""


class TensorHeader(msgspec.Struct, omit_defaults=True):
    """A tensor of a message."""

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, str | int | float | bool | None] = {}
    data: Any = None


class RequestedOutput(msgspec.Struct, omit_defaults=True):
    """An output that is wanted."""

    name: str
    parameters: dict[str, str | int | float | bool | None] = {}


class Request(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The JSON of a request."""

    id: str | None = None
    parameters: dict[str, str | int | float | bool | None] = {}
    inputs: list[TensorHeader]
    outputs: list[RequestedOutput] = []


class Answer(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The JSON of an answer."""

    model_name: str
    model_version: str | None = None
    id: str | None = None
    parameters: dict[str, str | int | float | bool | None] = {}
    outputs: list[TensorHeader]


_REQUEST = msgspec.json.Decoder(Request)
_ANSWER = msgspec.json.Decoder(Answer)
_NAMES = {np.dtype(kind): name for name, kind in DTYPES.items()}


def read_request(
    body: bytes, header_length: str | None, most: int = MAX_HEADER_BYTES
) -> tuple[Request, dict[str, Tensor]]:
    """A request, whose JSON has at most `most` bytes, and its inputs by name.

    Raises:
        MalformedMessage: it doesn't follow the protocol, or is beyond a bound.
    """
    json, binary = _split(body, header_length, most)
    request = _decode(json, _REQUEST)
    return request, _read_tensors(request.inputs, binary)


def read_answer(
    body: bytes, header_length: str | None, most: int = MAX_HEADER_BYTES
) -> tuple[Answer, dict[str, Tensor]]:
    """An answer, whose JSON has at most `most` bytes, and its outputs by name; raises as `read_request`."""
    json, binary = _split(body, header_length, most)
    answer = _decode(json, _ANSWER)
    return answer, _read_tensors(answer.outputs, binary)


def write_request(
    inputs: Mapping[str, Tensor], parameters: Parameters, outputs: Sequence[str] = ()
) -> tuple[bytes, int]:
    """The body of a request, all tensors binary, and the length of its JSON.

    The answer is asked for with binary tensors too; `outputs` are those that are wanted, all of them if it is empty.
    """
    headers, parts = _write_tensors(inputs)
    wanted = [RequestedOutput(name, {"binary_data": True}) for name in outputs]
    both = {**parameters, "binary_data_output": True}
    json = msgspec.json.encode(Request(parameters=both, inputs=headers, outputs=wanted))
    return b"".join([json, *parts]), len(json)


def write_plain_request(inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> bytes:
    """The body of a request in JSON alone, for servers without the binary tensor extension."""
    headers = [_listed(name, tensor) for name, tensor in inputs.items()]
    return msgspec.json.encode(Request(inputs=headers, outputs=[RequestedOutput(name) for name in outputs]))


def write_answer(answer: Answer, outputs: Mapping[str, Tensor], binary: set[str]) -> tuple[bytes, int | None]:
    """The body of an answer, and the length of its JSON; None where it is JSON alone.

    Args:
        answer: without outputs.
        outputs: by name, in the order in which they are sent.
        binary: names of those that are sent as bytes; the others are lists.
    """
    headers, parts = _write_tensors({name: tensor for name, tensor in outputs.items() if name in binary})
    written = {header.name: header for header in headers}
    answer.outputs = [written.get(name) or _listed(name, tensor) for name, tensor in outputs.items()]
    json = msgspec.json.encode(answer)
    return b"".join([json, *parts]), len(json) if binary else None


def bytes_tensor(*elements: bytes) -> Tensor:
    """A tensor of type BYTES."""
    tensor = np.empty(len(elements), dtype=object)
    tensor[:] = elements
    return tensor


def _split(body: bytes, header_length: str | None, most: int) -> tuple[memoryview, memoryview]:
    """The JSON of a body, and what comes after it."""
    length = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdecimal() and len(header_length) <= 10):  # noqa: PLR2004
            raise MalformedMessage("Inference-Header-Content-Length is not a number of bytes.")
        length = int(header_length)
    if length > len(body):
        raise MalformedMessage("The body is shorter than Inference-Header-Content-Length.")
    if length > most:
        raise MalformedMessage(f"The JSON of a message may have {most:,} bytes: send binary tensors.")
    view = memoryview(body)
    return view[:length], view[length:]


def _decode(json: memoryview, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decoder.decode(json)
    except msgspec.ValidationError as error:
        raise MalformedMessage(f"The JSON is not one of the protocol: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedMessage("The body doesn't begin with the JSON of a message.") from None


def _read_tensors(headers: Sequence[TensorHeader], binary: memoryview) -> dict[str, Tensor]:
    if len(headers) > MAX_TENSORS:
        raise MalformedMessage(f"A message may have {MAX_TENSORS} tensors.")
    tensors: dict[str, Tensor] = {}
    at = 0
    for header in headers:
        if header.name in tensors:
            raise MalformedMessage(f"The tensor {header.name[:40]!r} is there twice.")
        count = _elements(header)
        size = header.parameters.get("binary_data_size")
        if size is None:
            tensors[header.name] = _from_list(header, count)
            continue
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(binary) - at:
            raise MalformedMessage(f"binary_data_size of {header.name[:40]!r} is not in the body.")
        tensors[header.name] = _from_bytes(header, count, binary[at : at + size])
        at += size
    if at != len(binary):
        raise MalformedMessage(f"The body has {len(binary) - at:,} bytes that belong to no tensor.")
    return tensors


def _elements(header: TensorHeader) -> int:
    if header.datatype not in DTYPES and header.datatype != BYTES:
        raise MalformedMessage(f"The datatype {header.datatype[:20]!r} is not known here.")
    shape = header.shape
    if len(shape) > MAX_RANK or (shape and not 0 <= min(shape) <= max(shape) <= _MAX_LENGTH):
        raise MalformedMessage(f"The shape of {header.name[:40]!r} is impossible.")
    return math.prod(shape)


def _from_bytes(header: TensorHeader, count: int, data: memoryview) -> Tensor:
    if header.datatype == BYTES:
        return _elements_of(header, count, data)
    dtype = np.dtype(DTYPES[header.datatype])
    if count * dtype.itemsize != len(data):
        raise MalformedMessage(
            f"{header.name[:40]!r} has {len(data):,} bytes, which its shape and datatype don't make."
        )
    return np.frombuffer(data, dtype).reshape(header.shape)


def _elements_of(header: TensorHeader, count: int, data: memoryview) -> Tensor:
    elements: list[bytes] = []
    at = 0
    while at < len(data) and len(elements) <= count:
        end = at + _LENGTH_BYTES + int.from_bytes(data[at : at + _LENGTH_BYTES], "little")
        if end > len(data):
            raise MalformedMessage(f"An element of {header.name[:40]!r} ends behind the tensor.")
        elements.append(bytes(data[at + _LENGTH_BYTES : end]))
        at = end
    if at != len(data) or len(elements) != count:
        raise MalformedMessage(f"{header.name[:40]!r} has not the elements that its shape says.")
    return bytes_tensor(*elements).reshape(header.shape)


def _from_list(header: TensorHeader, count: int) -> Tensor:
    if header.datatype == BYTES:
        raise MalformedMessage(f"{header.name[:40]!r} is BYTES: send it with the binary tensor extension.")
    if not isinstance(header.data, list):
        raise MalformedMessage(f"{header.name[:40]!r} has neither data nor binary_data_size.")
    kind = np.dtype(DTYPES[header.datatype])
    try:
        given = np.asarray([np.nan if value is None else value for value in header.data])
        with np.errstate(over="ignore"):  # infinite, then
            tensor = given.astype(kind)
    except (ValueError, TypeError, OverflowError):
        raise MalformedMessage(f"The data of {header.name[:40]!r} are no numbers of its datatype.") from None
    if given.dtype.kind not in "biuf" or given.size != count or not _holds(given, tensor):
        raise MalformedMessage(f"The data of {header.name[:40]!r} don't fit its shape and datatype.")
    return tensor.reshape(header.shape)


def _holds(given: Tensor, tensor: Tensor) -> bool:
    """Whether whole numbers have kept their value."""
    return tensor.dtype.kind == "f" or bool((given == tensor).all())


def _write_tensors(tensors: Mapping[str, Tensor]) -> tuple[list[TensorHeader], list[bytes]]:
    headers, parts = [], []
    for name, tensor in tensors.items():
        datatype = _datatype(tensor)
        if datatype == BYTES:
            elements = tensor.ravel().tolist()
            part = b"".join(
                piece
                for element in elements
                for piece in (len(element).to_bytes(_LENGTH_BYTES, "little"), element)
            )
        else:
            part = np.ascontiguousarray(tensor, dtype=DTYPES[datatype]).tobytes()
        headers.append(TensorHeader(name, list(tensor.shape), datatype, {"binary_data_size": len(part)}))
        parts.append(part)
    return headers, parts


def _datatype(tensor: Tensor) -> str:
    return BYTES if tensor.dtype == object else _NAMES[tensor.dtype]


def _listed(name: str, tensor: Tensor) -> TensorHeader:
    """A tensor with its elements as a list."""
    data = tensor.ravel().tolist()
    if tensor.dtype == object:
        data = [element.decode("latin-1") for element in data]
    return TensorHeader(name, list(tensor.shape), _datatype(tensor), data=data)
