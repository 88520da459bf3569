"""Text in requests: UTF-8 or refused, and JSON of a bounded size and depth.

Bytes that aren't UTF-8 must not be replaced: two different names would become one.
"""

import json
import re
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar import Request

from domain.errors import InvalidInput
from entrypoints.http.requests.multipart import refuse_repeated
from entrypoints.http.requests.signatures import json_fields, optional_values, query_parameters
from entrypoints.http.requests.unknown import refuse_unknown, refuse_unknown_keys

MAX_JSON_BYTES = 64_000
"""Of a body without a photo: eight times the longest metadata of a person."""

MAX_JSON_DEPTH = 64
"""More than metadata may have; the reader of JSON calls itself for every level."""

_STRING = re.compile(rb'"(?:[^"\\]|\\.?)*+(?:"|\Z)', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_OPENING = (b"[", b"{")


def utf8(text: bytes, where: str) -> str:
    """The text that these bytes are.

    Raises:
        InvalidInput: they aren't UTF-8; the message says where.
    """
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise InvalidInput(f"{where}: it is not UTF-8.") from None


async def check_address(request: Request[Any, Any, Any]) -> None:
    """Refuse an address that isn't UTF-8, before the framework replaces what is wrong in it.

    Parameters that are unknown, sent twice or as `null` are refused too: they would be ignored silently.
    """
    handler = request.route_handler
    utf8(unquote_to_bytes(request.scope["raw_path"]), "The path")
    names: set[str] = set()
    for parameter in filter(None, request.scope["query_string"].split(b"&")):
        name, _, value = parameter.partition(b"=")
        known = utf8(unquote_to_bytes(name), "The name of a parameter")
        text = utf8(unquote_to_bytes(value), known[:40] or "A parameter")
        # Pages, and the framework's answers to OPTIONS, have no parameters to be misspelt.
        if handler.resolve_include_in_schema():
            refuse_unknown(known, query_parameters(handler), "parameter")
        if known in names:
            raise InvalidInput(f"{known[:40]}: it is sent several times.")
        if text.lower() == "null" and known in optional_values(handler):
            raise InvalidInput(f"{known}: leave it out instead of sending null.")
        names.add(known)


async def check_json(request: Request[Any, Any, Any]) -> None:
    """As check_address, and refuse a JSON body that the framework couldn't read, or would read as another.

    A key that is unknown is refused with the one that is most like it.
    """
    await check_address(request)
    body = await request.body()
    if not body.strip():
        raise InvalidInput("The request has no body: send a JSON object.")
    utf8(body, "The body")
    if depth(body) > MAX_JSON_DEPTH:
        raise InvalidInput(f"The JSON is nested deeper than {MAX_JSON_DEPTH} levels.")
    _refuse_repeated_keys(body)
    handler = request.route_handler
    refuse_unknown_keys(body, json_fields(handler), query_parameters(handler))


def _refuse_repeated_keys(body: bytes) -> None:
    """Refuse an object with two values of a key, one of which would be ignored silently.

    Raises:
        InvalidInput: there is one.
    """

    def unique(pairs: list[tuple[str, object]]) -> None:
        refuse_repeated([key for key, _ in pairs], "JSON object")

    with suppress(ValueError):  # what is no JSON is left to the reader of it
        json.loads(body, object_pairs_hook=unique)


def depth(text: bytes) -> int:
    """Maximum number of objects and arrays of a JSON text that are open at once."""
    deepest = level = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", text)):
        level += 1 if bracket in _OPENING else -1
        deepest = max(deepest, level)
    return deepest
