"""`face-api enroll`."""

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from application.analysis.selection import FaceSelection
from application.bulk.collections import ensure_collection
from application.bulk.enrol import PhotoOutcome, Status
from application.bulk.errors import BulkError
from application.enrolment import EnrolmentOptions
from application.photo_folders import PhotoFile, find_people
from domain.enrolment import OnConflict
from domain.errors import CollectionNotFound
from domain.liveness.detection import LivenessPolicy
from entrypoints.cli import bulk, reports
from entrypoints.cli.bulk import DETECTION, JSON, LIVENESS, RECOGNITION, REPORT
from entrypoints.cli.progress import with_progress
from entrypoints.cli.reports import count, listed, printable

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container

HEADER = ["name", "path"]


class ConflictItem(msgspec.Struct):
    """Why a face may be of somebody else."""

    doubt: str
    profile_id: int
    name: str
    similarity: float


class PhotoItem(msgspec.Struct, omit_defaults=True):
    """What became of a photo."""

    name: str
    photo: str
    status: str
    face_id: int | None = None
    profile_id: int | None = None
    faces_left_out: int = 0
    """Other faces in the photo."""
    conflicts: list[ConflictItem] = []
    code: str | None = None
    detail: str | None = None


class EnrolReport(reports.Report, kw_only=True):
    """What an enrolment has done."""

    collection: str
    detection_model: str
    recognition_model: str
    photos: int
    enrolled: int
    with_faces_left_out: int
    """Of those that were enrolled."""
    known: int
    refused: int
    refused_by_code: dict[str, int]
    items: list[PhotoItem]
    skipped: list[reports.SkippedItem]
    """Files that are not photos, or in no person's folder."""


@click.command()
@click.argument("folder", metavar="DIR", required=False, type=bulk.FOLDER)
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=bulk.FILE,
    help="instead of DIR: rows of name,path; paths start at the file's folder",
)
@bulk.COLLECTION
@click.option("--create", is_flag=True, help="make the collection if it isn't there")
@DETECTION
@RECOGNITION
@click.option(
    "--faces",
    type=click.Choice([FaceSelection.SINGLE.value, FaceSelection.LARGEST.value]),
    default=FaceSelection.SINGLE.value,
    show_default=True,
    help="single: the one that is plainly the subject; largest: the largest, whatever the others are like",
)
@click.option(
    "--on-conflict",
    type=click.Choice([each.value for each in OnConflict]),
    default=OnConflict.WARN.value,
    show_default=True,
    help="what to do with a face that resembles somebody else, or not the person",
)
@LIVENESS
@bulk.INIT
@REPORT
@JSON
def enroll(
    folder: Path | None,
    table: Path | None,
    collection: str,
    detection: str | None,
    recognition: str | None,
    faces: str,
    on_conflict: str,
    liveness: str | None,
    report: Path | None,
    *,
    create: bool,
    init: bool,
    as_json: bool,
) -> None:
    """Enrol people from DIR, which has one folder a person, named like them, with their photos.

    Folders in a person's folder are that person's, too. Hidden files, folders of the system and what isn't a photo
    are skipped. Skipped files and photos that can't be enrolled are listed with the reason, and stop nothing.

    Photos that are enrolled already are not analysed again: a command that was interrupted is continued by the same
    command.
    """
    if (folder is None) == (table is None):
        raise click.UsageError("Give either DIR or --csv FILE.")
    photos, skipped = find_people(folder) if folder is not None else (_in_table(table or Path()), [])
    options = EnrolmentOptions(
        collection=collection,
        detection_model=detection,
        recognition_model=recognition,
        selection=FaceSelection(faces),
        on_conflict=OnConflict(on_conflict),
        liveness=None if liveness is None else LivenessPolicy(liveness),
    )

    async def work(container: "Container") -> EnrolReport:
        if create:
            await ensure_collection(container.collections(), collection)
        use_case = container.enrol_photos()
        try:
            models = await use_case.prepare(options)
        except CollectionNotFound as error:
            raise BulkError(f"there is no collection {collection}: --create makes it") from error
        outcomes = with_progress(use_case.execute(photos, options), "photos", len(photos))
        items = [_item(outcome) async for outcome in outcomes]
        statuses = Counter(item.status for item in items)
        return EnrolReport(
            collection=collection,
            detection_model=models.detection,
            recognition_model=models.recognition,
            photos=len(photos),
            enrolled=statuses[Status.ENROLLED],
            with_faces_left_out=sum(item.faces_left_out > 0 for item in items),
            known=statuses[Status.KNOWN],
            refused=statuses[Status.REFUSED],
            refused_by_code=dict(Counter(item.code for item in items if item.code)),
            items=items,
            skipped=[reports.SkippedItem.of(each) for each in skipped],
        )

    done = bulk.run_with_storage(work, init=init)
    reports.output_report(done, _as_text(done), report, as_json=as_json)


def _in_table(table: Path) -> list[PhotoFile]:
    """The photos of a CSV file, with or without the header `name,path`."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file, strict=True), 1) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"can't read {table}: it must be CSV in UTF-8") from error
    if rows and [cell.strip().lower() for cell in rows[0][1]] == HEADER:
        del rows[0]
    wrong = next((number for number, row in rows if len(row) != len(HEADER)), None)
    if wrong is not None:
        raise click.ClickException(f"{table}, row {wrong}: it must be name,path")
    if not rows:
        raise click.ClickException(f"{table} has no photos: its rows must be name,path")
    return [PhotoFile(name, table.parent / path.strip()) for _, (name, path) in rows]


def _as_text(report: EnrolReport) -> str:
    return "\n".join(
        [
            *listed("skipped", [f"{item.path}: {item.reason}" for item in report.skipped]),
            *listed("refused", [f"{item.photo}: {item.detail}" for item in report.items if item.code]),
            *(f"doubtful {item.photo}: {_conflicts(item)}" for item in report.items if item.conflicts),
            (
                f"{count(report.photos, 'photo', 'photos')} in {report.seconds:.1f} s: {report.enrolled:,} enrolled,"
                f" {report.known:,} known already, {report.refused:,} refused"
            ),
            *(f"  {line}" for line in _remarks(report)),
        ]
    )


def _remarks(report: EnrolReport) -> Iterator[str]:
    if report.with_faces_left_out:
        yield f"other faces were left out of {count(report.with_faces_left_out, 'photo', 'photos')}"
    yield from (f"{number:,} {code}" for code, number in sorted(report.refused_by_code.items()))
    if report.skipped:
        yield f"{count(len(report.skipped), 'file', 'files')} skipped"


def _conflicts(item: PhotoItem) -> str:
    return ", ".join(f"{each.doubt} ({each.name}, {each.similarity:.2f})" for each in item.conflicts)


def _item(outcome: PhotoOutcome) -> PhotoItem:
    face, error = outcome.face, outcome.error
    return PhotoItem(
        name=printable(outcome.item.person),
        photo=printable(outcome.item.path),
        status=outcome.status.value,
        face_id=None if face is None else face.id,
        profile_id=None if face is None else face.profile_id,
        faces_left_out=outcome.faces_left_out,
        conflicts=[
            ConflictItem(each.doubt.value, each.profile_id, each.name, round(each.similarity, 4))
            for each in outcome.conflicts
        ],
        code=None if error is None else error.code,
        detail=None if error is None else error.detail,
    )
