"""Describes bodies that handlers read themselves, which the framework can't see.

Operations that take photos are at two addresses, because generated clients can't choose between media types: at
`.../json` JSON is documented, and at the other everything else (see document.py). Either takes both.
"""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from entrypoints.http.requests.forms import JSON
from entrypoints.http.requests.multipart import MULTIPART
from entrypoints.http.requests.signatures import OperationWithBody

JSON_PATH = "/json"
"""What the addresses end with at which JSON is documented."""

_FORMATS = "JPEG, PNG, WebP, AVIF or BMP"
_BINARY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description=_FORMATS)
_BASE64 = Schema(
    type=OpenAPIType.STRING,
    description=f"{_FORMATS}, in base64 or as a data URI",
    examples=["/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8="],
)
_EMBEDDING = Schema(
    type=OpenAPIType.ARRAY,
    items=Schema(type=OpenAPIType.NUMBER),
    description="Instead of an image: unit norm, of the model's dimension",
)
_NONCE = Schema(type=OpenAPIType.STRING, description="The session's")


def either(path: str) -> list[str]:
    """The addresses of an operation that takes photos."""
    return [path, path + JSON_PATH]


def photo_body(*photos: str, embedding: bool = False, required: bool = True) -> type[Operation]:
    """Of an operation that takes photos of these names; with `embedding`, JSON may carry one instead of them."""
    names = list(photos) if required else []
    fields: dict[str, Schema] = dict.fromkeys(photos, _BASE64)
    if embedding:
        fields["embedding"] = _EMBEDDING
    title = "PhotosToCompare" if len(photos) > 1 else "PhotoOrEmbedding" if embedding else "PhotoInJson"
    return _operation(
        {
            MULTIPART: _object(dict.fromkeys(photos, _BINARY), names),
            JSON: _object(fields, [] if embedding else names, title),
        }
    )


def frame_body() -> type[Operation]:
    """Of a frame of a liveness session."""
    return _operation(
        {
            MULTIPART: _object({"nonce": _NONCE, "image": _BINARY}, ["nonce", "image"]),
            JSON: _object({"nonce": _NONCE, "image": _BASE64}, ["nonce", "image"], "FrameInJson"),
        }
    )


def batch_body() -> type[Operation]:
    """Of the form of a batch."""
    text = Schema(type=OpenAPIType.STRING)
    parts = {
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
            type=OpenAPIType.STRING,
            format=OpenAPIFormat.BINARY,
            description="A zip of person/photo.jpg; folders in a person's are theirs, too",
        ),
    }
    return _operation({MULTIPART: _object(parts, [])})


def _object(fields: dict[str, Schema], required: list[str], title: str | None = None) -> OpenAPIMediaType:
    """An object; the title is what generated clients call it."""
    properties: dict[str, Schema | Reference] = {**fields}
    return OpenAPIMediaType(
        Schema(
            type=OpenAPIType.OBJECT,
            properties=properties,
            required=required or None,
            title=title,
            additional_properties=False,
        )
    )


def _operation(content: dict[str, OpenAPIMediaType]) -> type[Operation]:
    @dataclass
    class DescribedOperation(OperationWithBody):
        form_fields = _names(content.get(MULTIPART))
        json_fields = _names(content.get(JSON))

        def __post_init__(self) -> None:
            self.request_body = RequestBody(content, required=True)

    return DescribedOperation


def _names(body: OpenAPIMediaType | None) -> frozenset[str]:
    schema = body.schema if body else None
    return frozenset(schema.properties or ()) if isinstance(schema, Schema) else frozenset()
