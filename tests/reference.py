"""Writes docs/reference/command-line.md from the commands themselves: `python -m tests.reference`."""

from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from entrypoints.cli import face_api

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "command-line.md"

HEAD = """\
# Command line

`python -m tests.reference` writes this page from the commands; a test compares it. `face-api COMMAND --help` says the
same. Settings are those of [the service](../../README.md#configuration), from the environment and `.env`.

## Exit status

| status | what it means |
|---|---|
| 0 | all was dealt with; `enroll` may have refused photos, `identify` found somebody |
| 1 | the command could not be carried out; `identify` found nobody; `doctor` or a `verify` found something wrong |
| 2 | wrong arguments, or no database where the command looked for one |
| 130 | stopped by Ctrl-C or SIGTERM; the service ends with 0 then |

What a command prints goes to the standard output, with `--json` as JSON alone; messages, logs and progress go to the
standard error. On a terminal progress is a bar, else a line every 30 seconds.

## Completion

`face-api completion bash >> ~/.bashrc`, `face-api completion zsh >> ~/.zshrc`, or
`face-api completion fish > ~/.config/fish/completions/face-api.fish`.
"""


def commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands that do something, with their whole names, in the order of the help."""
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(path, command) for path, command in commands(face_api, "face-api"))])


def section(path: str, command: click.Command) -> str:
    """What is said of a command."""
    context = click.Context(command, info_name=path)
    arguments = " ".join(command.collect_usage_pieces(context)[1:])
    lines = [
        f"## {path}",
        "",
        cleandoc(command.help or ""),
        "",
        f"`{path} [OPTIONS] {arguments}`".replace(" `", "`"),
    ]
    records = [each.get_help_record(context) for each in command.params if isinstance(each, click.Option)]
    rows = [f"| `{option}` | {help_text} |".replace("  ", " ") for option, help_text in filter(None, records)]
    if rows:
        lines += ["", "| option | |", "|---|---|", *(_escaped(row) for row in rows)]
    return "\n".join([*lines, ""])


def _escaped(row: str) -> str:
    """Bars within an option's choices would be columns."""
    start, option, rest = row.split("`", 2)
    return f"{start}`{option.replace('|', ', ')}`{rest}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
