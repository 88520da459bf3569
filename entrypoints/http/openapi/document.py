"""The API's description: what the framework makes of the handlers, in the form that its readers need."""

import re
from functools import lru_cache
from typing import Any, TypeAlias

from litestar import Litestar
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition

from entrypoints.http.openapi.examples import example_of
from entrypoints.http.openapi.request_bodies import JSON_PATH
from entrypoints.http.openapi.schemas import Schema, simplified, without_null
from entrypoints.http.requests.forms import JSON
from entrypoints.http.requests.multipart import MULTIPART
from entrypoints.http.requests.signatures import parameters_of

Document: TypeAlias = dict[str, Any]

JSON_TAG = "photos in JSON"

TAGS = [
    Tag("faces", "Register people and recognise them."),
    Tag("recognition", "Find, compare and search faces."),
    Tag("people", "Who is registered, and in which collections."),
    Tag("liveness", "Does a photo show a living person?"),
    Tag("keys", "Who may use the service, and for what."),
    Tag("models", "Which models requests may name."),
    Tag("health", "For whoever watches over the service."),
    Tag(JSON_TAG, "The same operations with photos in base64, or with embeddings."),
]
"""In the order of the documentation page."""

FIRST = ("/api/face", "/api/face/register", "/api/face/recognize", "/api/face/{face_id}")
"""Addresses of the operations that the page begins with."""

RAW_BODY = "The body may also be the photo itself, with its media type: `Content-Type: image/jpeg`."


def openapi_config(version: str) -> OpenAPIConfig:
    """The framework's part of the description."""
    return OpenAPIConfig(
        title="Face API",
        version=version,
        description="Registers people from photos and recognises them in new ones.",
        render_plugins=[JsonRenderPlugin()],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
        tags=TAGS,
        components=Components(
            security_schemes={
                "ApiKey": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
                "Bearer": SecurityScheme(type="http", scheme="bearer"),
            }
        ),
        # The last: as long as there is no key, this machine needs none.
        security=[{"ApiKey": []}, {"Bearer": []}, {}],
    )


def describe(api: Litestar, prefix: str = "") -> Document:
    """The description, OpenAPI 3.1; `prefix` is what clients put before the addresses."""
    return {**_described(api), "servers": [{"url": prefix or "/"}]}


@lru_cache(maxsize=1)
def _described(api: Litestar) -> Document:
    document = simplified(api.openapi_schema.to_schema())
    schemas: dict[str, Schema] = document["components"]["schemas"]
    for name, schema in schemas.items():
        _add_examples(name, schema)
    defaults = _defaults(api)
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(operation, path, schemas, defaults)
    document["paths"] = dict(sorted(document["paths"].items(), key=lambda item: _place(item[0])))
    return document


def _place(path: str) -> tuple[bool, int]:
    return path.endswith(JSON_PATH), FIRST.index(path) if path in FIRST else len(FIRST)


def _operation_id(
    handler: HTTPRouteHandler, _: HttpMethod | Method, path: list[str | PathParameterDefinition]
) -> str:
    """The handler's name, as clients in most languages spell it: `recognizeFace`."""
    first, *others = handler.handler_name.split("_")
    name = first + "".join(word.capitalize() for word in others)
    return f"{name}FromJson" if path[-1] == JSON_PATH.strip("/") else name


def _complete(
    operation: Schema, path: str, schemas: dict[str, Schema], defaults: dict[tuple[str, str], Any]
) -> None:
    parameters = operation.get("parameters", [])
    parameters.sort(key=lambda parameter: parameter["name"] not in {"name", "profile_id"})
    for parameter in parameters:
        schema = _inlined(without_null(parameter["schema"]), schemas)
        default = defaults.get((operation["operationId"].removesuffix("FromJson"), parameter["name"]))
        if default is not None:
            schema["default"] = default
        parameter["schema"] = schema
    content = operation.get("requestBody", {}).get("content", {})
    if MULTIPART in content:
        content[MULTIPART]["schema"]["properties"] |= _form_parameters(parameters)
    if path.endswith(JSON_PATH):
        operation["tags"] = [JSON_TAG]
        operation["summary"] += ", by JSON"
        operation["requestBody"]["content"] = {JSON: content[JSON]}
    elif JSON in content and len(content) > 1:
        del content[JSON]
        raw = "" if "nonce" in str(content) else f" {RAW_BODY}"
        operation["description"] += f"\n\nPhotos in JSON: `{path}{JSON_PATH}`.{raw}"


def _form_parameters(parameters: list[Schema]) -> dict[str, Schema]:
    """The query parameters as fields of a form; without defaults, which clients would send in both places."""
    return {
        parameter["name"]: {
            **_without_enumeration(parameter["schema"]),
            "description": f"The parameter `{parameter['name']}`, here instead of in the query",
        }
        for parameter in parameters
        if parameter["in"] == "query"
    }


def _without_enumeration(schema: Schema) -> Schema:
    """Choices as a pattern, and no default: generators would name two enumerations of an operation alike."""
    plain = {key: value for key, value in schema.items() if key not in {"default", "enum"}}
    if "enum" in schema:
        plain["pattern"] = f"^({'|'.join(map(re.escape, schema['enum']))})$"
    return plain


def _inlined(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """An enumeration instead of a reference to it, so that a default may stand beside it."""
    plain = dict(schema)
    for part in [plain.copy(), *plain.pop("allOf", [])]:
        if "$ref" in part:
            plain.pop("$ref", None)
            target = schemas[part["$ref"].rpartition("/")[2]]
            plain = {"type": target["type"], "enum": target["enum"], **plain}
    return plain


def _defaults(api: Litestar) -> dict[tuple[str, str], Any]:
    """Of parameters, by operation and name."""
    found: dict[tuple[str, str], Any] = {}
    for route in api.routes:
        for handler in getattr(route, "route_handlers", []):
            operation = _operation_id(handler, HttpMethod.GET, [""])
            for name, field in parameters_of(handler).items():
                if field.has_default and field.default is not None:
                    found[operation, name] = field.default
    return found


def _add_examples(name: str, schema: Schema) -> None:
    for key, value in schema.get("properties", {}).items():
        example = example_of(name, key)
        if example is not None and not {"$ref", "allOf", "oneOf", "enum", "const"} & set(value):
            value["examples"] = [example]
