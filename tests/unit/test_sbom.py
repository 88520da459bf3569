"""The bill of materials has what CycloneDX 1.6 demands, and all that is locked."""

from datetime import UTC, datetime
from typing import Any

import jsonschema
import msgspec
import pytest

from adapters.onnx.catalogue.entries import Catalogue
from tests.supply_chain.sbom import CATALOGUE, LOCK, bill_of_materials, read_lock

TEXT = {"type": "string", "minLength": 1}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object without other properties, as everywhere in the standard's schema."""
    return {"type": "object", "required": required, "additionalProperties": False, "properties": properties}


HASH = _object(["alg", "content"], alg={"const": "SHA-256"}, content={"pattern": "^[a-fA-F0-9]{64}$"})
LICENCES = {
    "oneOf": [
        {"type": "array", "items": _object(["license"], license=_object(["name"], name=TEXT))},
        {"type": "array", "items": _object(["expression"], expression=TEXT), "maxItems": 1},
    ]
}
COMPONENT = _object(
    ["type", "name"],
    **{
        "type": {"enum": ["application", "library", "machine-learning-model"]},
        "bom-ref": TEXT,
        "name": TEXT,
        "version": {"type": "string", "maxLength": 1024},
        "description": TEXT,
        "purl": {"pattern": "^pkg:(pypi|npm)/[a-z0-9-]+@[0-9a-z.]+$"},
        "scope": {"enum": ["required", "optional", "excluded"]},
        "hashes": {"type": "array", "items": HASH, "uniqueItems": True},
        "licenses": LICENCES,
        "properties": {"type": "array", "items": _object(["name", "value"], name=TEXT, value=TEXT)},
    },
)
SCHEMA = _object(
    ["bomFormat", "specVersion"],
    **{
        "$schema": {"const": "http://cyclonedx.org/schema/bom-1.6.schema.json"},
        "bomFormat": {"const": "CycloneDX"},
        "specVersion": {"const": "1.6"},
        "serialNumber": {
            "pattern": "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
        },
        "version": {"type": "integer", "minimum": 1},
        "metadata": _object([], timestamp=TEXT, component=COMPONENT),
        "components": {"type": "array", "items": COMPONENT, "uniqueItems": True},
        "dependencies": {
            "type": "array",
            "uniqueItems": True,
            "items": _object(
                ["ref"], ref=TEXT, dependsOn={"type": "array", "items": TEXT, "uniqueItems": True}
            ),
        },
    },
)
"""The part of the standard's schema that the bill uses."""

MADE_AT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    made = bill_of_materials(read_lock(LOCK.read_text()), Catalogue.load(CATALOGUE).entries, MADE_AT)
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return decoded


def test_the_bill_has_the_form_of_the_standard(bill: dict[str, Any]) -> None:
    jsonschema.validate(bill, SCHEMA)
    assert datetime.fromisoformat(bill["metadata"]["timestamp"]) == MADE_AT


def test_references_are_unique_and_known(bill: dict[str, Any]) -> None:
    references = [bill["metadata"]["component"]["bom-ref"], *(each["bom-ref"] for each in bill["components"])]
    assert len(set(references)) == len(references)
    assert [each["ref"] for each in bill["dependencies"]] == references
    assert {ref for each in bill["dependencies"] for ref in each["dependsOn"]} <= set(references)


def test_everything_that_is_locked_is_in_it_with_hashes(bill: dict[str, Any]) -> None:
    lines = [line.split()[0] for line in LOCK.read_text().splitlines() if not line.startswith(" ")]
    libraries = [each for each in bill["components"] if each["type"] == "library"]
    assert [f"{each['name']}=={each['version']}" for each in libraries if "hashes" in each] == lines
    assert sum(len(each.get("hashes", ())) for each in libraries) == LOCK.read_text().count("--hash=sha256:")
    everywhere = [each for each in libraries if each.get("scope") == "required"]
    assert [each["name"] for each in everywhere if "licenses" not in each] == []


def test_it_says_what_needs_what(bill: dict[str, Any]) -> None:
    needs = {each["ref"].partition("@")[0]: each["dependsOn"] for each in bill["dependencies"]}
    assert any(ref.startswith("pkg:pypi/litestar@") for ref in needs["face-api"])
    assert any(ref.startswith("pkg:npm/swagger-ui-dist@") for ref in needs["face-api"])
    assert any(ref.startswith("pkg:pypi/anyio@") for ref in needs["pkg:pypi/httpx"])
    unneeded = {each["bom-ref"] for each in bill["components"]} - {
        ref for refs in needs.values() for ref in refs
    }
    assert unneeded == set()


def test_every_model_file_is_in_it(bill: dict[str, Any]) -> None:
    entries = Catalogue.load(CATALOGUE).entries
    files = {each["name"]: each for each in bill["components"] if each["type"] == "machine-learning-model"}
    assert {name: each["hashes"][0]["content"] for name, each in files.items()} == {
        entry.file: entry.sha256 for entry in entries.values()
    }
    sface = files[entries["sface"].file]
    assert sface["scope"] == "required"
    assert [each["value"] for each in sface["properties"]] == ["sface", "true"]


def test_a_line_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(ValueError, match="Not a line of a lock"):
        read_lock("thing==1 \\\n    --hash=md5:00")
