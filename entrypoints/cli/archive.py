"""`face-api export` and `face-api import`."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from application.bulk.collections import find_collections
from application.bulk.export import Exported
from application.bulk.restore import Imported, NewId
from entrypoints.cli.bulk import (
    BEGIN_ANEW,
    FILE,
    INIT,
    JSON,
    ONE_COLLECTION,
    OUTPUT,
    REPORT,
    run_with_storage,
)
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import Report, count, output_report, printable

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class ExportReport(Report, kw_only=True):
    """What was written."""

    file: str
    bytes: int
    collections: list[str]
    people: int
    faces: int
    crops: int


class ImportReport(Report, kw_only=True):
    """What was read."""

    file: str
    collections: list[str]
    people: int
    new_people: int
    faces: int
    new_faces: int
    new_ids: list[NewId]


@click.command("export")
@click.argument("file", metavar="FILE", type=OUTPUT)
@ONE_COLLECTION
@click.option("--crops", is_flag=True, help="take the aligned crops along that FACE_STORE_CROPS has kept")
@REPORT
@JSON
def export_people(
    file: Path, collection: str | None, report: Path | None, *, crops: bool, as_json: bool
) -> None:
    """Write people, their metadata and their faces' embeddings to FILE, for another instance.

    FILE is biometric data: only this account may read it. It appears when it is complete, in place of one of
    the same name.
    """

    async def work(container: "Container") -> tuple[list[str], Exported]:
        use_case = container.export_people()
        chosen = await find_collections(container.collections(), collection)
        done = Exported()
        with (
            writing(file, f"face-api {version('face-api')}", container.sealing()) as writer,
            progress("people and faces", None) as update,
        ):
            async for done in use_case.execute(chosen, writer, crops=crops):
                update(done.people + done.faces)
        return chosen, done

    collections, done = run_with_storage(work, advice=BEGIN_ANEW)
    written = ExportReport(
        file=printable(file),
        bytes=file.stat().st_size,
        collections=collections,
        people=done.people,
        faces=done.faces,
        crops=done.crops,
    )
    text = (
        f"{printable(file)}: {count(done.people, 'person', 'people')} with {count(done.faces, 'face', 'faces')}"
        f" and {count(done.crops, 'crop', 'crops')} in {count(done.collections, 'collection', 'collections')},"
        f" {written.bytes / 1e6:.1f} MB in {written.seconds:.1f} s"
    )
    output_report(written, text, report, as_json=as_json)


@click.command("import")
@click.argument("file", metavar="FILE", type=FILE)
@ONE_COLLECTION
@INIT
@REPORT
@JSON
def import_people(
    file: Path, collection: str | None, report: Path | None, *, init: bool, as_json: bool
) -> None:
    """Put the people and faces of FILE, which `export` has written, into this instance.

    People are found by their names, faces by their photos, and what is there stays as it is: a command that was
    interrupted is continued by the same command. If nobody is there, ids are kept; otherwise new ones are given, and
    the report has the old and the new. The whole file is checked before anything is changed.
    """
    # Without a report, which has them all, they are only counted.
    reported = report is not None or as_json

    async def work(container: "Container") -> tuple[list[str], Imported, list[NewId], int]:
        use_case = container.import_people()
        with reading(file, container.sealing()) as reader:
            sections = use_case.chosen(reader, collection)
            total = sum(page.entries for each in sections for page in (*each.people, *each.faces))
            with progress("checking", total) as update:
                async for checked in use_case.check(reader, sections):
                    update(checked)
            done, new_ids, renumbered = Imported(), list[NewId](), 0
            with progress("people and faces", total) as update:
                async for done in use_case.execute(reader, sections):
                    update(done.people + done.faces)
                    renumbered += len(done.new_ids)
                    if reported:
                        new_ids += done.new_ids
            return [each.collection for each in sections], done, new_ids, renumbered

    collections, done, new_ids, renumbered = run_with_storage(work, init=init)
    read = ImportReport(
        file=printable(file),
        collections=collections,
        people=done.people,
        new_people=done.new_people,
        faces=done.faces,
        new_faces=done.new_faces,
        new_ids=new_ids,
    )
    text = (
        f"{printable(file)}: {count(done.people, 'person', 'people')}, {done.new_people:,} of them new,"
        f" {count(done.faces, 'face', 'faces')}, {done.new_faces:,} of them new,"
        f" in {count(len(collections), 'collection', 'collections')}, {read.seconds:.1f} s"
    )
    if renumbered:
        text += f"\n{renumbered:,} of them have another id here than in the archive: --report FILE lists them"
    output_report(read, text, report, as_json=as_json)
