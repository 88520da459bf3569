"""A bill of materials in CycloneDX 1.6 of what is locked: `python -m tests.supply_chain.sbom FILE`, or `make sbom`.

Distributions of other platforms and versions of Python are not installed here: their licence is not in it.
"""

import os
import re
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from adapters.onnx.catalogue.entries import Catalogue, ModelEntry
from adapters.system.distributions import licence_of
from entrypoints.bootstrap.settings import PROJECT

PRODUCT = "face-api"
LOCK = PROJECT / "requirements" / "runtime.txt"
CATALOGUE = PROJECT / "static" / "models.toml"
SWAGGER_UI = PROJECT / "static" / "docs" / "README.md"


@dataclass(slots=True)
class Locked:
    """A distribution of the lock."""

    name: str
    version: str
    marker: str | None
    """The environments that it is for; None: for all."""
    sha256: list[str] = field(default_factory=list)
    """Of each file of this version that may be installed."""
    needed_by: list[str] = field(default_factory=list)

    @property
    def purl(self) -> str:
        """The package URL."""
        return f"pkg:pypi/{self.name}@{self.version}"


def read_lock(text: str) -> list[Locked]:
    """What a file of `uv pip compile --generate-hashes` pins.

    Raises:
        ValueError: a line is none of that.
    """
    found: list[Locked] = []
    for line in text.splitlines():
        stripped = line.strip().removesuffix("\\").strip()
        if not line.startswith(" "):
            requirement = Requirement(stripped)
            (pin,) = requirement.specifier
            marker = str(requirement.marker) if requirement.marker else None
            found.append(Locked(canonicalize_name(requirement.name), pin.version, marker))
        elif stripped.startswith("--hash=sha256:"):
            found[-1].sha256.append(stripped.removeprefix("--hash=sha256:"))
        elif stripped.startswith("#"):
            needed_by = stripped.lstrip("# ").removeprefix("via").strip()
            if needed_by:
                found[-1].needed_by.append(needed_by.partition(" ")[0])
        else:
            raise ValueError(f"Not a line of a lock: {line}")
    return found


def bill_of_materials(
    locked: list[Locked], models: dict[str, ModelEntry], made_at: datetime
) -> dict[str, Any]:
    """The document."""
    components = [*map(_distribution, locked), _swagger_ui(), *_model_files(models)]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": made_at.isoformat(timespec="seconds"),
            "component": {
                "type": "application",
                "bom-ref": PRODUCT,
                "name": PRODUCT,
                "version": version(PRODUCT),
                "licenses": _licences("Apache-2.0"),
            },
        },
        "components": components,
        "dependencies": _dependencies(locked, [each["bom-ref"] for each in components[len(locked) :]]),
    }
    # Equal for equal content, so that a bill can be made again and compared.
    digest = uuid5(NAMESPACE_URL, msgspec.json.encode(document).decode())
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "serialNumber": f"urn:uuid:{digest}",
    } | document


def _distribution(locked: Locked) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": locked.purl,
        "name": locked.name,
        "version": locked.version,
        "purl": locked.purl,
        "scope": "required" if locked.marker is None else "optional",
        "hashes": [_hash(each) for each in locked.sha256],
    }
    if licence := _installed_licence(locked):
        component["licenses"] = _licences(licence)
    if locked.marker:
        component["properties"] = [{"name": "face-api:environment", "value": locked.marker}]
    return component


def _installed_licence(locked: Locked) -> str | None:
    try:
        package = distribution(locked.name)
    except PackageNotFoundError:
        return None
    return licence_of(package) if package.version == locked.version else None


def _model_files(models: dict[str, ModelEntry]) -> list[dict[str, Any]]:
    """A component for each file, which several models may share; those that don't come along are optional."""
    by_file = groupby(
        sorted(models.items(), key=lambda item: item[1].sha256), key=lambda item: item[1].sha256
    )
    return [_model_file(sha256, dict(found)) for sha256, found in by_file]


def _model_file(sha256: str, models: dict[str, ModelEntry]) -> dict[str, Any]:
    entry = next(iter(models.values()))
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{sha256}",
        "name": entry.file,
        "description": entry.source,
        "scope": "required" if entry.package else "optional",
        "hashes": [_hash(each) for each in (sha256, *entry.also)],
        "licenses": _licences(entry.licence),
        "properties": [
            *({"name": "face-api:model", "value": name} for name in models),
            {"name": "face-api:commercial-use", "value": str(entry.commercial).lower()},
        ],
    }


def _swagger_ui() -> dict[str, Any]:
    found = re.search(r"Swagger UI ([\d.]+) \(([\w.-]+)", SWAGGER_UI.read_text())
    if found is None:
        raise ValueError(f"{SWAGGER_UI} doesn't say which version of Swagger UI it has.")
    purl = f"pkg:npm/swagger-ui-dist@{found[1]}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": "swagger-ui-dist",
        "version": found[1],
        "purl": purl,
        "licenses": _licences(found[2]),
    }


def _dependencies(locked: list[Locked], others: list[str]) -> list[dict[str, Any]]:
    needs: dict[str, list[str]] = {PRODUCT: [*others]}
    for each in locked:
        for name in each.needed_by:
            needs.setdefault(name, []).append(each.purl)
    purls = [(each.purl, needs.get(each.name, [])) for each in locked]
    return [
        {"ref": ref, "dependsOn": sorted(needed)}
        for ref, needed in [(PRODUCT, needs[PRODUCT]), *purls, *((other, []) for other in others)]
    ]


def _hash(sha256: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": sha256}


def is_spdx(licence: str) -> bool:
    """Whether a licence looks like an SPDX expression rather than words."""
    return re.fullmatch(r"[(]*[\w.+-]+[)]*( (AND|OR|WITH) [(]*[\w.+-]+[)]*)*", licence, re.ASCII) is not None


def _licences(licence: str) -> list[dict[str, Any]]:
    return [{"expression": licence} if is_spdx(licence) else {"license": {"name": licence}}]


def main(path: Path) -> None:
    """Write the bill; the time is SOURCE_DATE_EPOCH's where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    made_at = datetime.now(UTC) if epoch is None else datetime.fromtimestamp(int(epoch), UTC)
    document = bill_of_materials(read_lock(LOCK.read_text()), Catalogue.load(CATALOGUE).entries, made_at)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document)) + b"\n")
    print(f"{path}: {len(document['components'])} components")  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
