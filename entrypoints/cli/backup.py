"""`face-api backup` and `face-api restore`."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from application.bulk.backup import BackedUp, RestoredInstance
from application.bulk.export import Exported
from entrypoints.cli.bulk import BEGIN_ANEW, FILE, JSON, OUTPUT, run_with_storage
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import Report, count, output_report, printable

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class BackupReport(Report, kw_only=True):
    """What was written or restored."""

    file: str
    bytes: int
    people: int
    faces: int
    keys: int
    files: int


class RestoreReport(BackupReport, kw_only=True):
    """What was restored."""

    files_differing: list[str]


@click.command()
@click.argument("file", metavar="FILE", type=OUTPUT)
@JSON
def backup(file: Path, *, as_json: bool) -> None:
    """Write all that makes this instance to FILE, while the service runs.

    That is collections, people, faces with embeddings and crops, API keys (without their secrets, which are
    stored nowhere), calibrations, and the catalogue of your own models. FILE is biometric data: only this account
    may read it. It appears when it is complete, in place of one of the same name.
    """

    async def work(container: "Container") -> BackedUp:
        done = BackedUp(Exported())
        with (
            writing(file, f"face-api {version('face-api')}", container.sealing()) as writer,
            progress("people and faces", None) as update,
        ):
            async for done in container.back_up().execute(writer):
                update(done.people.people + done.people.faces)
        return done

    done = run_with_storage(work, advice=BEGIN_ANEW)
    report = BackupReport(
        file=printable(file),
        bytes=file.stat().st_size,
        people=done.people.people,
        faces=done.people.faces,
        keys=done.keys,
        files=done.files,
    )
    output_report(report, _text(report), as_json=as_json)


@click.command()
@click.argument("file", metavar="FILE", type=FILE)
@JSON
def restore(file: Path, *, as_json: bool) -> None:
    """Put FILE, which `backup` has written, into an instance that has neither people nor API keys.

    Ids, keys and times are those of the backup. The whole file is checked before anything is changed. A command that
    was interrupted is continued by the same command.
    """

    async def work(container: "Container") -> RestoredInstance:
        use_case = container.restore_instance()
        done = RestoredInstance()
        with reading(file, container.sealing()) as reader:
            pages = [page for each in reader.sections for page in (*each.people, *each.faces)]
            total = sum(page.entries for page in pages)
            others = sum(page.entries for page in (*(reader.key_pages or ()), *reader.files))
            with progress("checking", total + others) as update:
                async for checked in use_case.check(reader):
                    update(checked)
            with progress("people and faces", total) as update:
                async for done in use_case.execute(reader):
                    update(done.people.people + done.people.faces)
        return done

    done = run_with_storage(work, init=True)
    report = RestoreReport(
        file=printable(file),
        bytes=file.stat().st_size,
        people=done.people.people,
        faces=done.people.faces,
        keys=done.keys,
        files=done.files,
        files_differing=list(done.files_differing),
    )
    text = _text(report)
    if done.files_differing:
        text += f"\nleft as they were here: {', '.join(done.files_differing)}"
    output_report(report, text, as_json=as_json)


def _text(report: BackupReport) -> str:
    return (
        f"{report.file}: {count(report.people, 'person', 'people')} with {count(report.faces, 'face', 'faces')},"
        f" {count(report.keys, 'API key', 'API keys')} and {count(report.files, 'file', 'files')},"
        f" {report.bytes / 1e6:.1f} MB in {report.seconds:.1f} s"
    )
