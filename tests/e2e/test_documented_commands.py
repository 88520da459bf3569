"""No command of the documents escapes: each block of them is carried out, here or by a test that is named here."""

import ast
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest

from entrypoints.bootstrap.settings import PROJECT
from entrypoints.cli import face_api as face_api_command
from tests.e2e import programs
from tests.e2e.service import Service, unconfigured
from tests.e2e.test_readme import BLOCKS, CURL, STAND_IN

ELSEWHERE = {
    "README.md#Tour": "test_readme.py::test_the_tour",
    "README.md#Many photos at once": "test_readme.py::test_the_commands_on_many_photos",
    "README.md#Keys": "test_readme_keys.py::test_they_do_what_it_says",
    "README.md#Model services": "test_readme_services.py::test_they_do_what_it_says",
    "docs/tutorial.md": "test_demo.py::test_the_tutorial",
    "docs/how-to/": "test_how_to.py::test_every_page_is_tried",
}
"""By document, with a section or not: the test of this folder that carries its commands out."""

PLACEHOLDERS = {
    "LFW.npz --vectors mugshots.npz ...": "set.npz --vectors set.npz",
    "postgresql+asyncpg://...": "postgresql+asyncpg://face@db/face",
    "--images mugshots": "--images people",
    "--live DIR --attack DIR": "--live people --attack people",
    "/etc/face-api.key": "face-api.key",
    "--images DIR": "--images people",
    "FACE_TEST_ASSETS=DIR": "FACE_TEST_ASSETS=people",
    "liveness_tables FOLDER": "liveness_tables people",
}
"""What stands for the reader's own files, and what it is here."""

REFUSED = {"docs/liveness-sessions.md#Using it (2)": ["liveness_session_not_passed"]}
"""What is answered with an error here: the codes."""

DOCUMENTS = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
]


def commands() -> Iterator[tuple[str, str]]:
    """All blocks of commands, by their document and section."""
    for path in DOCUMENTS:
        name = path.relative_to(PROJECT).as_posix()
        for part in re.split(r"^(?=## )", path.read_text(), flags=re.MULTILINE):
            title = part.partition("\n")[0].removeprefix("## ") if part.startswith("## ") else ""
            for number, (kind, text) in enumerate(BLOCKS.findall(part)):
                if kind in {"sh", "bash", "shell", "console"}:
                    yield f"{name}#{title}" + f" ({number})" * bool(number), text


def elsewhere(place: str) -> str | None:
    """The test that carries a block out, if it isn't this one."""
    return next((test for where, test in ELSEWHERE.items() if place.startswith(where)), None)


HERE = {place: text for place, text in commands() if elsewhere(place) is None}


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory, astronaut: bytes) -> Iterator[tuple[Path, Service]]:
    """The folder of somebody who follows the documents, with a service that runs in it and knows Ada."""
    folder = tmp_path_factory.mktemp("visitor")
    for path in ("me.jpg", "frame.jpg", "people/Ada/1.jpg", "people/Ada/2.jpg"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(astronaut)
    for name in ("set.npz", "float.npz", "int8.npz"):
        np.savez(folder / name, vectors=np.eye(4, dtype=np.float32), person=np.arange(4))
    (folder / "groups.csv").write_text("person,sex\n0,f\n")
    shutil.copy(PROJECT / ".env.example", folder)
    programs.install(folder / "bin")
    script = f'"{CURL}" -sS' if CURL else f'"{sys.executable}" "{STAND_IN}"'
    (folder / "bin" / "curl").write_text(f'#!/bin/sh\nexec {script} "$@"\n')
    (folder / "bin" / "curl").chmod(0o755)
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(folder / "bin")
    with Service(folder) as service:
        service.register("Ada", astronaut)
        for name in ("staff", "visitors"):
            service.client.post("/api/collection", json={"name": name})
        yield folder, service


@pytest.mark.parametrize("place", HERE)
def test_a_block_of_commands(visitor: tuple[Path, Service], place: str) -> None:
    folder, service = visitor
    script = HERE[place].replace("localhost:5000", f"127.0.0.1:{service.port}")
    session = service.client.post("/api/face/liveness/session").json()["data"] if "ID" in script else {}
    words = PLACEHOLDERS | {"session/ID": f"session/{session.get('id')}"}
    words |= {"session=ID": f"session={session.get('id')}", "NONCE": str(session.get("nonce"))}
    for placeholder, here in words.items():
        script = script.replace(placeholder, here)
    environment = {**unconfigured(), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    ended = programs.carry_out(script, folder, environment)
    assert ended.returncode == 0, f"{script}\n{ended.stdout}\n{ended.stderr}"
    codes = re.findall(r'"code": ?"(\w+)"', ended.stdout)
    assert codes == REFUSED.get(place, []), ended.stdout
    (folder / ".env").unlink(missing_ok=True)


def test_the_tests_that_are_named_exist_and_so_does_what_they_are_of() -> None:
    places = [place for place, _ in commands()]
    for where, test in ELSEWHERE.items():
        assert any(place.startswith(where) for place in places), where
        file, _, name = test.partition("::")
        module = ast.parse((Path(__file__).parent / file).read_text())
        functions = {node.name for node in ast.walk(module) if isinstance(node, ast.FunctionDef)}
        assert not name or name in functions, test


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_commands_within_sentences_have_the_options_that_they_are_given(document: Path) -> None:
    for sentence in re.findall(r"`(?:\.venv/bin/)?face-api ([a-z][^`]*)`", document.read_text()):
        command: click.Command = face_api_command
        words = sentence.split()
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words[0])
            assert found is not None, sentence
            command, words = found, words[1:]
        options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
        given = {word.partition("=")[0].rstrip(".,") for word in words if word.startswith("--")}
        assert given <= options, sentence
