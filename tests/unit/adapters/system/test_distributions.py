"""Licences, as the metadata of installed distributions have them."""

import re
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError
from os import PathLike
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from typing_extensions import override

from adapters.system.distributions import licence_of, runtime_dependencies
from tests.supply_chain.sbom import is_spdx

PROJECT = Path(__file__).parents[4]
LOCK = (PROJECT / "requirements" / "runtime.txt").read_text()
COPYLEFT = re.compile(r"(?<!L)A?GPL|(?<!Lesser )General Public|Affero", re.IGNORECASE)


class Described(Distribution):
    """A distribution with these metadata."""

    def __init__(self, folder: Path, *headers: tuple[str, str]) -> None:
        message = Message()
        for name, value in (("Name", "thing"), ("Version", "1"), *headers):
            message[name] = value
        (folder / "METADATA").write_text(str(message))
        self._folder = folder

    @override
    def read_text(self, filename: str) -> str | None:
        path = self._folder / filename
        return path.read_text() if path.exists() else None

    @override
    def locate_file(self, path: str | PathLike[str]) -> Path:
        return self._folder / path


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ([("License-Expression", "MIT AND PSF-2.0"), ("License", "other")], "MIT AND PSF-2.0"),
        ([("License", "Apache 2.0")], "Apache-2.0"),
        ([("License", "UNKNOWN"), ("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        (
            [
                ("License", "Copyright (c) 2024, Somebody"),
                ("Classifier", "License :: OSI Approved :: BSD License"),
            ],
            "BSD License",
        ),
        ([("Classifier", "Programming Language :: Python :: 3")], None),
        ([("License", "x" * 61)], None),
        ([("License", "GPL-3.0")], "GPL-3.0"),
    ],
)
def test_the_licence_of_metadata(tmp_path: Path, headers: list[tuple[str, str]], licence: str | None) -> None:
    assert licence_of(Described(tmp_path, *headers)) == licence


def test_every_runtime_dependency_has_a_licence_that_allows_any_use() -> None:
    found = runtime_dependencies("face-api")
    assert [each.name for each in found if not each.licence] == []
    assert [each.name for each in found if COPYLEFT.search(each.licence or "")] == []


@pytest.mark.parametrize(
    "licence", ["GPL-3.0", "AGPL-3.0-only", "GNU General Public License v2 (GPLv2)", "GPLv2"]
)
def test_copyleft_is_recognised(licence: str) -> None:
    assert COPYLEFT.search(licence)


@pytest.mark.parametrize("licence", ["LGPL-2.1", "GNU Lesser General Public License", "MIT", "Apache-2.0"])
def test_other_licences_are_not_taken_for_copyleft(licence: str) -> None:
    assert not COPYLEFT.search(licence)


def test_dependencies_are_those_of_the_product_and_theirs() -> None:
    names = {each.name for each in runtime_dependencies("face-api")}
    assert {"litestar", "anyio", "greenlet", "numpy"} <= names
    assert names.isdisjoint({"face-api", "pytest", "ruff", "matplotlib"})
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", LOCK, re.MULTILINE)}
    assert {"litestar", "greenlet"} <= names & locked


def test_a_distribution_that_is_not_there() -> None:
    with pytest.raises(PackageNotFoundError):
        runtime_dependencies("no-such-distribution")


@pytest.mark.parametrize(
    ("licence", "spdx"),
    [("MIT", True), ("Apache-2.0 OR BSD-2-Clause", True), ("(MIT OR X) AND Y", True), ("BSD License", False)],
)
def test_spdx_expressions_are_told_from_words(licence: str, spdx: bool) -> None:  # noqa: FBT001
    assert is_spdx(licence) is spdx
