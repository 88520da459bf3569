"""The description of the API, as generators of clients and the documentation page need it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from entrypoints.http.openapi.schemas import simplified, without_null

UNIONS = ("oneOf", "anyOf")


@pytest.fixture
async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get("/openapi.json")).json()
    return found


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects of a document."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from nodes(part)


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def parameter(operation: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [each["schema"] for each in operation["parameters"] if each["name"] == name]
    schema: dict[str, Any] = found
    return schema


async def test_nothing_that_breaks_generators(document: dict[str, Any]) -> None:
    for node in nodes(document):
        assert None not in (node.get("enum") or [])
        assert "prefixItems" not in node
        for union in UNIONS:
            parts = node.get(union, [])
            assert len(parts) != 1, node
            assert not [part for part in parts if not part or set(part) & set(UNIONS)], node


async def test_no_operation_has_an_enumeration_twice(document: dict[str, Any]) -> None:
    """The generator for TypeScript names one after its operation and parameter, wherever it is."""
    forms = 0
    for operation in operations(document).values():
        content = operation.get("requestBody", {}).get("content", {})
        if "multipart/form-data" not in content:
            continue
        fields = content["multipart/form-data"]["schema"]["properties"]
        for each in operation.get("parameters", []):
            choices = each["schema"].get("enum")
            if choices and each["in"] == "query":
                forms += 1
                assert "enum" not in fields[each["name"]]
                assert fields[each["name"]]["pattern"] == f"^({'|'.join(choices)})$"
    assert forms > 5


async def test_no_parameter_is_null(document: dict[str, Any]) -> None:
    parameters = [
        each for operation in operations(document).values() for each in operation.get("parameters", [])
    ]
    assert len(parameters) > 50
    for each in parameters:
        assert isinstance(each["schema"]["type"], str), each
        assert not set(each["schema"]) & {"$ref", "allOf", *UNIONS}


async def test_operations_have_names_for_people(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for operation in operations(document).values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z]+)+", name) for name in names), names
    assert {"registerFace", "recognizeFace", "deleteFace", "listFaces", "recognizeFaceFromJson"} <= set(names)


async def test_forms_and_json_are_operations_of_their_own(document: dict[str, Any]) -> None:
    found = operations(document)
    bodies = {
        name: list(each["requestBody"]["content"]) for name, each in found.items() if "requestBody" in each
    }
    assert bodies["post /api/face/register"] == ["multipart/form-data"]
    assert bodies["post /api/face/register/json"] == ["application/json"]
    assert all(len(kinds) == 1 for kinds in bodies.values())
    for name in bodies:
        if name.endswith("/json"):
            assert found[name]["parameters"] == found[name.removesuffix("/json")]["parameters"]


async def test_parameters_have_their_defaults(document: dict[str, Any]) -> None:
    found = operations(document)
    expected = {
        "recognize": ("largest", ["single", "largest", "all"]),
        "search": ("all", ["single", "largest", "all"]),
        "embed": ("all", ["single", "largest", "all"]),
        "register": ("single", ["single", "largest"]),
        "register/batch": ("single", ["single", "largest"]),
    }
    for name, of_faces in expected.items():
        faces = parameter(found[f"post /api/face/{name}"], "faces")
        assert (faces["default"], faces["enum"]) == of_faces
    register = found["post /api/face/register"]
    assert parameter(register, "on_conflict")["default"] == "warn"
    assert parameter(register, "quality")["default"] is False
    assert parameter(register, "collection") == {
        "type": "string",
        "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$",
        "description": "The collection that is meant",
        "default": "default",
    }
    assert parameter(found["post /api/face/recognize"], "top_k")["maximum"] == 100


async def test_the_page_begins_with_what_most_people_need(document: dict[str, Any]) -> None:
    faces = [name for name, each in operations(document).items() if each["tags"] == ["faces"]]
    assert faces[:4] == [
        "get /api/face",
        "post /api/face/register",
        "post /api/face/recognize",
        "delete /api/face/{face_id}",
    ]
    assert next(iter(document["paths"])) == "/api/face"
    assert document["tags"][0]["name"] == "faces"
    used = {tag for each in operations(document).values() for tag in each["tags"]}
    assert used == {tag["name"] for tag in document["tags"]}


async def test_texts_have_examples(document: dict[str, Any]) -> None:
    missing = [
        f"{name}.{key}"
        for name, schema in document["components"]["schemas"].items()
        for key, value in schema.get("properties", {}).items()
        if value.get("type") == "string" and not {"examples", "enum", "const"} & set(value)
    ]
    assert not missing


async def test_examples_are_of_their_schemas(document: dict[str, Any]) -> None:
    import jsonschema  # noqa: PLC0415 - it is slow to import

    examples = [node for node in nodes(document["components"]) if isinstance(node.get("examples"), list)]
    assert len(examples) > 30
    for node in examples:
        jsonschema.validate(node["examples"][0], {**node, "components": document["components"]})


def test_simplified_schemas_say_the_same() -> None:
    reference = {"$ref": "#/x"}
    for schema, plain in (
        ({"oneOf": [{}], "description": "d"}, {"description": "d"}),
        ({"oneOf": [reference]}, reference),
        ({"oneOf": [reference], "description": "d"}, {"allOf": [reference], "description": "d"}),
        ({"oneOf": [{"oneOf": [{"type": "number"}, {"type": "null"}]}]}, {"type": ["number", "null"]}),
        (
            {"oneOf": [{"type": "integer"}, {"type": "null"}], "minimum": 1},
            {"type": ["integer", "null"], "minimum": 1},
        ),
        ({"oneOf": [reference, {"type": "null"}]}, {"oneOf": [reference, {"type": "null"}]}),
    ):
        assert simplified({"items": schema}) == {"items": plain}
    assert without_null({"type": ["null", "string"], "enum": ["a", None]}) == {
        "type": "string",
        "enum": ["a"],
    }
    assert without_null({"oneOf": [reference, {"type": "null"}]}) == reference


async def test_the_server_is_where_the_document_was_found(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "/"}]
    assert json.dumps(document).count("ErrorAnswer") > 20
