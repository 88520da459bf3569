"""`face-api encryption`: what is stored, and with which key it is encrypted."""

from typing import TYPE_CHECKING

import click

from application.encryption import Converted
from application.ports.encryption import Encrypted
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import Report, count, output_report

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class StatusReport(Report, kw_only=True):
    """How what is stored is encrypted."""

    key: str | None
    """The id of the key that encrypts what is stored now."""
    stored: list[Encrypted]


class ConvertedReport(Report, kw_only=True):
    """What was changed."""

    faces: int
    crops: int
    broken: list[int]
    """Faces that can't be decrypted."""


@click.group()
def encryption() -> None:
    """Encrypt embeddings and crops where they are stored, with a new key, or no more."""


@encryption.command()
@JSON
def status(*, as_json: bool) -> None:
    """Say which key encrypts, and how much is plain or has another key."""
    key, stored = run_with_storage(lambda container: container.change_encryption().status())
    report = StatusReport(key=key, stored=list(stored))
    lines = [f"encryption is on, with the key {key}" if key else "encryption is off"]
    lines += [
        f"{each.part}: {each.count:,} {f'with the key {each.key}' if each.key else 'plain'}"
        for each in stored
    ]
    output_report(report, "\n".join(lines), as_json=as_json)


@encryption.command()
@JSON
def rotate(*, as_json: bool) -> None:
    """Encrypt everything with the first key: what is plain, and what another key has encrypted.

    To change the key, put a new one before the old one, restart the service, run this, and take the old one away.
    The service may run. What was changed is kept: a command that was interrupted is continued by the same command.
    Bytes of the former rows stay in the database's files until `face-api purge`.
    """
    _convert("encrypted", decrypt=False, as_json=as_json)


@encryption.command()
@JSON
def decrypt(*, as_json: bool) -> None:
    """Decrypt everything, so that the service can run without a key.

    Stop the service, run this, and take the key away.
    """
    _convert("decrypted", decrypt=True, as_json=as_json)


def _convert(done_to: str, *, decrypt: bool, as_json: bool) -> None:
    async def work(container: "Container") -> Converted:
        done = Converted(0)
        with progress("faces and crops", None, visible=not as_json) as update:
            async for done in container.change_encryption().execute(decrypt=decrypt):
                update(done.faces + done.crops, done.total)
        return done

    done = run_with_storage(work)
    report = ConvertedReport(faces=done.faces, crops=done.crops, broken=list(done.broken))
    text = (
        f"{count(done.faces, 'face', 'faces')} and {count(done.crops, 'crop', 'crops')} {done_to},"
        f" {report.seconds} s"
    )
    if done.broken:
        text += f"\nnot decrypted, as they were changed or belong elsewhere: faces {', '.join(map(str, done.broken))}"
    output_report(report, text, as_json=as_json)
    if done.broken:
        raise SystemExit(1)
