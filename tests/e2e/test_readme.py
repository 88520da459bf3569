"""The README is true: its tour is carried out, and its tables are those of the code."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from dotenv import dotenv_values
from PIL import Image, ImageOps

from domain.errors import FaceServiceError
from entrypoints.bootstrap.settings import PROJECT, Settings
from entrypoints.http.connections import REFUSALS
from entrypoints.http.errors import HTTP_CODES, status_of
from tests.e2e.service import FACE_API, Service, furnish

README = (PROJECT / "README.md").read_text()
BLOCKS = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CURL = shutil.which("curl")
STAND_IN = Path(__file__).with_name("curl.py")


def section(title: str) -> str:
    """The text under a heading."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    return str(found)


def rows(title: str) -> list[list[str]]:
    """The table in a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[2:]]


def tour() -> list[tuple[str, str]]:
    """Commands and their answers."""
    blocks = BLOCKS.findall(section("Tour"))
    kinds = [kind for kind, _ in blocks]
    assert kinds == ["sh", "json"] * (len(blocks) // 2)
    texts = [text for _, text in blocks]
    return list(zip(texts[::2], texts[1::2], strict=True))


@pytest.fixture
def visitor(tmp_path: Path, astronaut: bytes) -> Path:
    """The folder of a newcomer with two photos of one person: another size, light and file format."""
    (tmp_path / "me.jpg").write_bytes(astronaut)
    again = Image.open(io.BytesIO(astronaut)).convert("RGB").resize((400, 400))
    ImageOps.mirror(again).point(lambda value: value * 0.7).save(tmp_path / "me-again.jpg", quality=80)
    return tmp_path


@pytest.mark.parametrize("curl", [CURL, None] if CURL else [None], ids=lambda path: path or "stand-in")
def test_the_tour(service: Service, visitor: Path, curl: str | None) -> None:
    programs = visitor / "bin"
    programs.mkdir()
    script = f'exec "{curl}" -sS "$@"' if curl else f'exec "{sys.executable}" "{STAND_IN}" "$@"'
    (programs / "curl").write_text(f"#!/bin/sh\n{script}\n")
    (programs / "curl").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    ids: dict[tuple[str, int], int] = {}
    assert len(tour()) == 5
    for command, answer in tour():
        here = command.replace("localhost:5000", f"127.0.0.1:{service.port}")
        for (key, documented), real in ids.items():
            if key == "id":
                here = here.replace(f"/api/face/{documented}", f"/api/face/{real}")
        told = subprocess.check_output(["sh", "-ec", here], cwd=visitor, env=environment)
        compare(json.loads(answer), json.loads(told), ids)


def test_the_commands_on_many_photos(visitor: Path) -> None:
    for folder, photo in (("people/Ada", "me.jpg"), ("photos", "me-again.jpg")):
        (visitor / folder).mkdir(parents=True)
        (visitor / photo).rename(visitor / folder / photo)
    furnish(visitor / "data")
    ((kind, commands),) = BLOCKS.findall(section("Many photos at once"))
    assert kind == "sh"
    environment = {"PATH": f"{FACE_API.parent}:{os.environ['PATH']}"}
    told = subprocess.check_output(["sh", "-ec", commands], cwd=visitor, env=environment, text=True)
    enrolled, identified, *_, exported, imported = told.splitlines()
    assert ": 1 enrolled" in enrolled
    assert identified.startswith("photos/me-again.jpg: Ada (0.")
    assert exported.startswith("people.zip: 1 person with 1 face ")
    assert imported.startswith("people.zip: 1 person, 0 of them new, 1 face, 0 of them new, ")
    assert json.loads((visitor / "enrolled.json").read_text())["enrolled"] == 1


def compare(documented: object, real: object, ids: dict[tuple[str, int], int]) -> None:
    """Assert that an answer is the documented one, with its own ids, times and distances.

    Args:
        documented: what the README shows.
        real: what the service said.
        ids: the service's ids by their keys and the README's ids, extended here: one stands for one.
    """
    match documented, real:
        case dict(), dict():
            assert list(documented) == list(real)
            for key, value in documented.items():
                if key in {"timestamp", "at", "latest"}:
                    assert len(value) == len(real[key])
                elif key == "may_remain":
                    compare_places(value, real[key])
                elif key in {"id", "profile_id"}:
                    assert isinstance(value, int)
                    assert isinstance(real[key], int)
                    assert ids.setdefault((key, value), real[key]) == real[key]
                else:
                    compare(value, real[key], ids)
        case list(), list():
            for one, other in zip(documented, real, strict=True):
                compare(one, other, ids)
        case float(), float():
            assert 0 <= real < 0.55
        case _:
            assert documented == real


def compare_places(documented: list[dict[str, str]], real: list[dict[str, str]]) -> None:
    """Assert that remnants of a deletion are those documented; people in memory leave some of them."""
    expected = {place["where"]: place for place in documented}
    assert real
    for place in real:
        compare(expected[place["where"]], place, {})


def test_the_table_of_errors_is_complete() -> None:
    kinds = [FaceServiceError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    ours = {(int(status_of(kind)), kind.code) for kind in kinds}
    framework = {(int(status), code) for status, (code, _) in [*HTTP_CODES.items(), *REFUSALS.items()]}
    assert {(int(status), code) for status, code, _ in rows("Errors")} == ours | framework


def test_the_table_of_settings_is_complete_and_gives_the_defaults() -> None:
    commented = (PROJECT / ".env.example").read_text()
    example = dotenv_values(stream=io.StringIO(re.sub(r"^# (FACE_)", r"\1", commented, flags=re.MULTILINE)))
    table = {key: default for key, default, *_ in rows("Configuration")}
    assert list(table) == [f"FACE_{field.name.upper()}" for field in msgspec.structs.fields(Settings)]
    assert table == {key: value for key, value in example.items() if key.startswith("FACE_")}


def test_all_targets_and_keys_that_it_names_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE))
    assert named
    assert named <= targets
    keys = {f"FACE_{field.name.upper()}" for field in msgspec.structs.fields(Settings)}
    assert set(re.findall(r"FACE_[A-Z_]+", README)) == keys


def test_all_folders_and_files_that_it_names_exist() -> None:
    (tree,) = (text for kind, text in BLOCKS.findall(section("Architecture")) if not kind)
    parent = PROJECT
    for indent, name in re.findall(r"^( *)(\w+/)", tree, re.MULTILINE):
        parent = parent if indent else PROJECT / name
        assert (parent / name if indent else parent).is_dir()
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (PROJECT / target).is_file()
