"""The reports of bulk commands: printed for people or as JSON, and written to files."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import msgspec

from adapters.system.files import write_atomically
from application.photo_folders import SkippedFile
from entrypoints.cli.groups import running_command, running_seconds

LISTED = 20
"""Photos of a kind that are listed for a person; the report has all of them."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Report(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a command has done, for programs."""

    command: str = msgspec.field(default_factory=running_command)
    seconds: float = msgspec.field(default_factory=running_seconds)
    """How long the command took."""


class SkippedItem(msgspec.Struct):
    """A file that was not taken as a photo, or a link to a folder that was not followed."""

    path: str
    reason: str

    @classmethod
    def of(cls, skipped: SkippedFile) -> "SkippedItem":
        """The item of a file."""
        return cls(printable(skipped.path), skipped.reason)


def checked_report(_: click.Context, __: click.Parameter, path: Path | None) -> Path | None:
    """The path of a report, which is found out to be writable before the work."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.ClickException(f"--report: there is no folder {path.parent}")
    if path is not None and not os.access(path.absolute().parent, os.W_OK):
        raise click.ClickException(f"--report: the folder {path.parent} is not writable")
    return path


def output_report(report: object, text: str, path: Path | None = None, *, as_json: bool) -> None:
    """Print a report, as text or JSON, and write it to a file if one is given."""
    if path is not None:
        write_report(report, path)
    if as_json:
        echo_json(report)
    else:
        click.echo(text)


def write_report(report: object, path: Path) -> None:
    """Write a report as JSON: readable to this account only, for it has names of people; whole or not at all."""
    try:
        write_atomically(path, _json(report), mode=0o600)
    except OSError as error:
        raise click.ClickException(f"can't write {path}: {error.strerror}") from error


def echo_json(content: object) -> None:
    """Print JSON, indented."""
    click.echo(_json(content))


def _json(content: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content))


def printable(text: str | Path) -> str:
    """A file's name, or text from one, which may be in any encoding and have control characters."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", os.fsencode(text).decode(errors="replace"))


def count(number: int, one: str, many: str) -> str:
    """`1 photo`, `2 photos`."""
    return f"{number:,} {one if number == 1 else many}"


def listed(label: str, lines: Sequence[str]) -> Iterator[str]:
    """The first lines with a label, and how many more there are."""
    yield from (f"{label}  {line}" for line in lines[:LISTED])
    if len(lines) > LISTED:
        yield f"{label}  {len(lines) - LISTED:,} more: see --report"
