"""The command line: `face-api`."""

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from application.errors import StartupError

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("serve", "serve"),
    "enroll": ("enroll", "enroll"),
    "identify": ("identify", "identify"),
    "export": ("archive", "export_people"),
    "import": ("archive", "import_people"),
    "reembed": ("reembed", "reembed"),
    "keys": ("keys", "keys"),
    "models": ("models", "models"),
    "evaluate": ("evaluate", "evaluate"),
    "evaluate-search": ("evaluate_search", "evaluate_search"),
    "evaluate-quality": ("evaluate_quality", "evaluate_quality"),
    "evaluate-liveness": ("evaluate_liveness", "evaluate_liveness"),
    "embed-set": ("embed_set", "embed_set"),
    "calibrate": ("calibrate", "calibrate"),
    "evaluate-calibration": ("evaluate_calibration", "evaluate_calibration"),
    "calibration": ("calibration", "calibration"),
    "calibrate-liveness": ("calibrate_liveness", "calibrate_liveness"),
}
"""By the command's name: the module here that has it, and its name there.

A module is imported when its command is asked for: the service shouldn't wait for what draws curves.
"""


class _Commands(click.Group):
    def list_commands(self, _: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), name)
        return command


@click.group(cls=_Commands)
@click.version_option(package_name="face-api")
def face_api() -> None:
    """A face recognition service."""


def main() -> None:
    """Run a command; what stops the service from starting is one line."""
    try:
        face_api()
    except StartupError as error:
        click.echo(f"face-api: {error}", err=True)
        sys.exit(1)
