"""Photos and embeddings in requests: multipart forms, JSON, or the bytes of one photo."""

import binascii
import codecs
import hashlib
import re
from base64 import b64decode
from collections.abc import Iterable

import msgspec

from application.analysis.sources import Photo, Source, Vector
from domain.errors import InvalidImage, InvalidInput, about
from entrypoints.http.requests.forms import JSON, URL_ENCODED, content_fields
from entrypoints.http.requests.multipart import MULTIPART, AnyRequest, media_type, refuse_repeated
from entrypoints.http.requests.signatures import json_fields, query_parameters
from entrypoints.http.requests.text import utf8
from entrypoints.http.requests.unknown import refuse_unknown_keys

RAW_TYPES = ("", "application/octet-stream", "binary/octet-stream", URL_ENCODED)
"""Media types of a body that is the photo itself, beside `image/*`. The last is what `curl --data-binary` says."""

MAX_JSON_VALUES = 16_384
"""Of a JSON object with a photo or an embedding, counted by the commas: neither base64 nor the longest embedding has
as many, and a million keys would stop the event loop for a second."""

_PHOTO = "image"
"""The name of the field of one photo."""

_KEY = re.compile(rb'"(?<=[{, ]")(?:[^"\\]|\\.){0,60}"(?=\s*:)')
"""A key of a JSON object: within a string, quotes are behind a backslash. Those of JsonBody have no more escapes."""


class JsonBody(msgspec.Struct):
    """What a JSON request may carry."""

    image: str | None = None
    image1: str | None = None
    image2: str | None = None
    embedding: list[float] | None = None
    nonce: str | None = None

    def given(self) -> list[str]:
        """The names of what it carries."""
        return [name for name in self.__struct_fields__ if getattr(self, name) is not None]


async def read_source(request: AnyRequest) -> Source:
    """The photo, or the `embedding` of a JSON request.

    Raises:
        InvalidInput: neither is there, or both are, or several.
    """
    kind, _ = media_type(request)
    if kind != JSON:
        return await read_photo(request)
    body = await _json(request)
    _refuse_others(body.given(), _PHOTO, "embedding")
    if (body.image is None) == (body.embedding is None):
        raise InvalidInput("The JSON object has to have either 'image' or 'embedding'.")
    if body.embedding is not None:
        return Vector(tuple(body.embedding))
    return _decoded(body.image or "")


async def read_photo(request: AnyRequest) -> Photo:
    """The photo: the field `image`, or the whole body.

    Raises:
        InvalidInput: there is none, or several.
    """
    kind, _ = media_type(request)
    if kind in RAW_TYPES or kind.startswith("image/"):
        body = await request.body()
        if not body:
            raise InvalidInput(f"The request has no photo: send {MULTIPART} with it in the field 'image'.")
        return Photo(body)
    photos = await read_photos(request, _PHOTO)
    if _PHOTO not in photos:
        raise InvalidInput("The request has no field 'image'.")
    return photos[_PHOTO]


async def read_photos(request: AnyRequest, *names: str) -> dict[str, Photo]:
    """The photos of these names that the request has.

    Raises:
        InvalidInput: the request is no form and no JSON object, or has several photos of a name.
    """
    kind, _ = media_type(request)
    if kind == MULTIPART:
        fields = content_fields(request)
        _refuse_others(fields, *names)
        return {name: Photo(fields[name]) for name in names if name in fields}
    if kind != JSON:
        alone = " or the photo alone as image/jpeg," if names == (_PHOTO,) else ""
        raise InvalidInput(
            f"Send {MULTIPART} with photos in the fields {', '.join(names)},{alone} or {JSON}."
        )
    body = await _json(request)
    _refuse_others(body.given(), *names)
    photos = {}
    for name in names:
        text = getattr(body, name)
        if text is not None:
            with about(name):
                photos[name] = _decoded(text)
    return photos


async def read_frame(request: AnyRequest) -> tuple[str, bytes]:
    """The `nonce` and the `image` of a frame of a liveness session.

    Raises:
        InvalidInput: one of them is not there.
    """
    kind, _ = media_type(request)
    nonce: str | None
    if kind == MULTIPART:
        fields = content_fields(request)
        nonce = utf8(fields["nonce"], "nonce") if "nonce" in fields else None
        photo = Photo(fields[_PHOTO]) if _PHOTO in fields else None
    elif kind == JSON:
        body = await _json(request)
        nonce, photo = body.nonce, None if body.image is None else _decoded(body.image)
    else:
        raise InvalidInput(f"Send {MULTIPART} with the fields 'nonce' and 'image', or {JSON}.")
    if photo is None:
        raise InvalidInput("The request has no field 'image'.")
    if nonce is None:
        raise InvalidInput("The request has no field 'nonce'.")
    return nonce, photo.data


def fingerprint(request: AnyRequest, source: Source) -> bytes:
    """What tells this request from others: its address, its parameters and what it carries."""
    return fingerprint_of(
        request, source.digest if isinstance(source, Photo) else repr(source.values).encode()
    )


def fingerprint_of(request: AnyRequest, content: bytes) -> bytes:
    """As `fingerprint`, of anything that a request carries."""
    parameters = "&".join(sorted(request.url.query.split("&")))
    address = f"{request.method} {request.url.path}?{parameters}\n"
    return hashlib.sha256(address.encode() + content).digest()


def _refuse_others(given: Iterable[str], *wanted: str) -> None:
    """Refuse what would not be looked at, such as a third photo where two are compared.

    Raises:
        InvalidInput: there is something besides what is wanted.
    """
    others = set(given).difference(wanted)
    if others:
        raise InvalidInput(f"{', '.join(sorted(others))}: not beside {' and '.join(wanted)}, or without.")


async def _json(request: AnyRequest) -> JsonBody:
    body = (await request.body()).removeprefix(codecs.BOM_UTF8).translate(None, _LINE_BREAKS)
    if body.count(b",") > MAX_JSON_VALUES:
        raise InvalidInput(f"The JSON object has more than {MAX_JSON_VALUES:,} values.")
    handler = request.route_handler
    refuse_unknown_keys(body, json_fields(handler), query_parameters(handler))
    try:
        decoded = msgspec.json.decode(body, type=JsonBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The body is not a JSON object with 'image' (base64) or 'embedding'.") from None
    refuse_repeated([msgspec.json.decode(key, type=str) for key in _KEY.findall(body)], "JSON object")
    return decoded


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BEFORE = "\ufeff \t\r\n\f\v"
"""What may be before it: a byte order mark, as some editors write, and blanks."""
_BLANKS = b" \t\r\n\f\v"
_ESCAPES = [
    (escape, sign)
    for sign in (b"+", b"/", b"=", b"\r", b"\n", b" ")
    for escape in {b"%%%02X" % ord(sign), b"%%%02x" % ord(sign)}
]
"""Of the signs in base64 that forms and URIs escape. `unquote` would take seconds for megabytes of others."""
_LINE_BREAKS = b"\r\n\t"
"""JSON has none in strings, but a shell puts them there with what `base64` prints; elsewhere they mean nothing."""


def _decoded(text: str) -> Photo:
    """Base64, of either alphabet, with or without line breaks and padding, or a data URI with it."""
    text = text.lstrip(_BEFORE)
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    try:
        letters = text.encode("ascii")
        if b"%" in letters:
            for escape, sign in _ESCAPES:
                letters = letters.replace(escape, sign)
        letters = letters.translate(_URL_SAFE, _BLANKS).rstrip(b"=")
        return Photo(b64decode(letters + b"=" * (-len(letters) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise InvalidImage("The image is not base64, and not a data URI with base64.") from None
