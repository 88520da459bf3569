"""Photos and embeddings in requests: multipart forms or JSON, kept in memory only.

The framework's own form parser may write photos to a temporary file; photos are biometric data.
"""

import binascii
import hashlib
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
from litestar import Request
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from application.sources import Photo, Source, Vector
from domain.errors import InvalidImage, InvalidInput, about

AnyRequest: TypeAlias = Request[Any, Any, Any]

MULTIPART = "multipart/form-data"
JSON = "application/json"
MAX_PARTS = 1000


_KEY = re.compile(rb'"(image[12]?|embedding)"\s*:')
"""A key of JsonBody: within a string of JSON, the quotes would be escaped."""


class JsonBody(msgspec.Struct):
    """What a JSON request may carry."""

    image: str | None = None
    image1: str | None = None
    image2: str | None = None
    embedding: list[float] | None = None
    nonce: str | None = None


async def read_source(request: AnyRequest) -> Source:
    """The photo `image`, or the `embedding` of a JSON request.

    Raises:
        InvalidInput: neither is there, or both are, or several.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == MULTIPART:
        return _photo(_once(await read_parts(request, options)), "image")
    body = _json(await request.body(), kind)
    if (body.image is None) == (body.embedding is None):
        raise InvalidInput("The JSON object has to have either 'image' or 'embedding'.")
    if body.embedding is not None:
        return Vector(tuple(body.embedding))
    return _decoded(body.image or "")


async def read_photos(request: AnyRequest, *names: str) -> dict[str, Photo]:
    """The photos of these names that the request has.

    Raises:
        InvalidInput: the request is no form and no JSON object, or has several photos of a name.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == MULTIPART:
        parts = _once(await read_parts(request, options))
        return {name: Photo(parts[name]) for name in names if name in parts}
    body = _json(await request.body(), kind)
    given = {name: getattr(body, name) for name in names}
    photos = {}
    for name, text in given.items():
        if text is not None:
            with about(name):
                photos[name] = _decoded(text)
    return photos


async def read_frame(request: AnyRequest) -> tuple[str, bytes]:
    """The `nonce` and the `image` of a frame of a liveness session.

    Raises:
        InvalidInput: one of them is not there.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind == MULTIPART:
        parts = dict(await read_parts(request, options))
        nonce = parts["nonce"].decode(errors="replace") if "nonce" in parts else None
        photo = _photo(parts, "image")
    else:
        body = _json(await request.body(), kind)
        nonce = body.nonce
        if body.image is None:
            raise InvalidInput("The request has no field 'image'.")
        photo = _decoded(body.image)
    if nonce is None:
        raise InvalidInput("The request has no field 'nonce'.")
    return nonce, photo.data


async def read_photo(request: AnyRequest) -> Photo:
    """The photo `image`.

    Raises:
        InvalidInput: there is none.
    """
    photos = await read_photos(request, "image")
    if "image" not in photos:
        raise InvalidInput("The request has no field 'image'.")
    return photos["image"]


async def read_parts(request: AnyRequest, options: dict[str, str]) -> list[tuple[str, bytes]]:
    """The parts of a multipart form, in order; the body's size is bounded by the framework as it arrives.

    Raises:
        InvalidInput: the form is not well-formed.
    """
    if not options.get("boundary"):
        raise InvalidInput(
            "The Content-Type of the form has no boundary: let the HTTP client write this header."
        )
    parts: list[tuple[str, list[bytearray]]] = []
    try:
        # Names of files may be in any encoding, and nobody reads them.
        with PushMultipartParser(
            options["boundary"], max_segment_count=MAX_PARTS, header_charset="latin-1"
        ) as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        parts.append((_field(event.name), []))
                    elif event:
                        parts[-1][1].append(event)
    except MultipartError:
        raise InvalidInput("The multipart form is malformed or incomplete.") from None
    return [(name, b"".join(pieces)) for name, pieces in parts]


def _field(name: str) -> str:
    """A field's name, as UTF-8."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise InvalidInput("The name of a field of the form is not UTF-8.") from None


def fingerprint(request: AnyRequest, source: Source) -> bytes:
    """What tells this request from others: its address, its parameters and what it carries."""
    return digest_of(request, source.digest if isinstance(source, Photo) else repr(source.values).encode())


def digest_of(request: AnyRequest, carried: bytes) -> bytes:
    """As `fingerprint`, of anything that a request carries."""
    parameters = "&".join(sorted(request.url.query.split("&")))
    address = f"{request.method} {request.url.path}?{parameters}\n"
    return hashlib.sha256(address.encode() + carried).digest()


def _once(parts: Sequence[tuple[str, bytes]]) -> dict[str, bytes]:
    """The parts by their names: a second photo of a name would be passed over in silence."""
    _refuse_repeated([name for name, _ in parts], "form")
    return dict(parts)


def _refuse_repeated(names: Sequence[str], where: str) -> None:
    repeated = next((name for name, number in Counter(names).items() if number > 1), None)
    if repeated is not None:
        raise InvalidInput(f"The {where} has several fields {repeated[:40]!r}: send one.")


def _photo(parts: dict[str, bytes], name: str) -> Photo:
    if name not in parts:
        raise InvalidInput(f"The form has no field {name!r}.")
    return Photo(parts[name])


def _json(body: bytes, kind: str) -> JsonBody:
    if kind != JSON:
        raise InvalidInput(f"Send {MULTIPART} with the photo in the field 'image', or {JSON}.")
    keys = [key.group(1).decode() for key in _KEY.finditer(body)]
    _refuse_repeated(keys, "JSON object")
    try:
        return msgspec.json.decode(body, type=JsonBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The body is not a JSON object with 'image' (base64) or 'embedding'.") from None


_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_BLANKS = b" \t\r\n\f\v"


def _decoded(text: str) -> Photo:
    """Base64, of either alphabet, with or without line breaks and padding, or a data URI with it."""
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    try:
        letters = text.encode("ascii").translate(_URL_SAFE, _BLANKS).rstrip(b"=")
        return Photo(b64decode(letters + b"=" * (-len(letters) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise InvalidImage("The image is not base64, and not a data URI with base64.") from None


_BINARY = Schema(
    type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description="JPEG, PNG, WebP, AVIF, BMP"
)
_BASE64 = Schema(type=OpenAPIType.STRING, description="The same, in base64 or as a data URI")
_VECTOR = Schema(
    type=OpenAPIType.ARRAY,
    items=Schema(type=OpenAPIType.NUMBER),
    description="Instead of an image: unit norm, of the model's dimension",
)


def takes(*photos: str, embedding: bool = False, required: bool = True) -> type[Operation]:
    """What documents an operation that reads its body itself, which the framework can't see.

    Args:
        photos: the names of the photos that it takes.
        embedding: whether JSON may carry an embedding instead.
        required: whether all photos have to be there.
    """
    names = list(photos) if required else []
    parts: dict[str, Schema | Reference] = dict.fromkeys(photos, _BINARY)
    form = Schema(type=OpenAPIType.OBJECT, properties=parts, required=names)
    fields: dict[str, Schema | Reference] = dict.fromkeys(photos, _BASE64)
    if embedding:
        fields["embedding"] = _VECTOR
    json = Schema(type=OpenAPIType.OBJECT, properties=fields, required=[] if embedding else names)
    return _documented({MULTIPART: OpenAPIMediaType(form), JSON: OpenAPIMediaType(json)})


def takes_frame() -> type[Operation]:
    """What documents a frame of a liveness session."""
    nonce = Schema(type=OpenAPIType.STRING, description="The session's")
    form: dict[str, Schema | Reference] = {"nonce": nonce, "image": _BINARY}
    fields: dict[str, Schema | Reference] = {"nonce": nonce, "image": _BASE64}
    required = list(form)
    return _documented(
        {
            MULTIPART: OpenAPIMediaType(Schema(type=OpenAPIType.OBJECT, properties=form, required=required)),
            JSON: OpenAPIMediaType(Schema(type=OpenAPIType.OBJECT, properties=fields, required=required)),
        }
    )


def takes_batch() -> type[Operation]:
    """What documents the form of a batch."""
    text = Schema(type=OpenAPIType.STRING)
    parts: dict[str, Schema | Reference] = {
        "names": Schema(
            type=OpenAPIType.ARRAY, items=text, description="Who is on each of `images`, in their order"
        ),
        "images": Schema(type=OpenAPIType.ARRAY, items=_BINARY, description="As many as `names`"),
        "name": Schema(
            type=OpenAPIType.ARRAY,
            items=text,
            description="Instead, where the order of a form's fields is kept: a person, and then their images",
        ),
        "image": Schema(type=OpenAPIType.ARRAY, items=_BINARY, description="Behind its `name`"),
        "archive": Schema(
            type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description="A zip of person/photo.jpg"
        ),
    }
    form = Schema(type=OpenAPIType.OBJECT, properties=parts)
    return _documented({MULTIPART: OpenAPIMediaType(form)})


def _documented(content: dict[str, OpenAPIMediaType]) -> type[Operation]:
    @dataclass
    class PhotoOperation(Operation):
        def __post_init__(self) -> None:
            self.request_body = RequestBody(content, required=True)

    return PhotoOperation
