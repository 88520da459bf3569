"""Commands that print what programs may want have --json."""

import click

from entrypoints.cli import face_api

WITHOUT = {
    "serve": "runs until it is stopped",
    "serve-models": "runs until it is stopped",
    "demo": "runs until it is stopped",
    "completion": "prints a script",
}


def commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    context = click.Context(group)
    found: dict[str, click.Command] = {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        path = f"{prefix}{name}"
        found |= commands(command, f"{path} ") if isinstance(command, click.Group) else {path: command}
    return found


def test_every_command_but_those_that_report_nothing_has_json() -> None:
    without = {
        name
        for name, command in commands(face_api).items()
        if "--json" not in {option for parameter in command.params for option in parameter.opts}
    }
    assert without == set(WITHOUT)
