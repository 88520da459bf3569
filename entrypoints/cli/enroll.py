"""`face-api enroll`."""

import csv
from collections import Counter
from pathlib import Path

import click
import msgspec

from application.analysis.selection import FaceSelection
from application.bulk.enrol import EnrolPhotos, PersonPhoto, PhotoOutcome, Status
from application.bulk.errors import BulkError
from application.enrolment import EnrolmentOptions
from application.errors import CommandError
from application.photo_folders import find_photos
from domain.enrolment import OnConflict
from domain.errors import CollectionExists, CollectionNotFound
from domain.liveness import LivenessPolicy
from domain.people import collection_name
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import (
    COLLECTION,
    DETECTION,
    JSON,
    LIVENESS,
    RECOGNITION,
    REPORT,
    Clock,
    Report,
    carry_out,
    check_report,
    count,
    printable,
    shown,
    tell,
)

HEADER = ["name", "path"]
SHOWN = 20
"""Refused photos that are listed for a person; the report has all."""


class ConflictItem(msgspec.Struct):
    """A doubt about a face."""

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


class EnrolReport(Report, kw_only=True):
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


@click.command()
@click.argument(
    "folder", metavar="DIR", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option(
    "--csv",
    "table",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="instead of DIR: rows of name,path; paths start at the file's folder",
)
@COLLECTION
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
    as_json: bool,
) -> None:
    """Enrol people from DIR, which has one folder a person, named like them, with their photos.

    Photos that are enrolled already are passed over: a command that was interrupted is continued by the same
    command. A photo that can't be enrolled is told of and stops nothing.
    """
    if (folder is None) == (table is None):
        raise click.UsageError("Give either DIR or --csv FILE.")
    check_report(report)
    clock = Clock()
    photos = in_folders(folder) if folder is not None else in_table(table or Path())
    how = EnrolmentOptions(
        collection=collection,
        detection_model=detection,
        recognition_model=recognition,
        selection=FaceSelection(faces),
        on_conflict=OnConflict(on_conflict),
        liveness=None if liveness is None else LivenessPolicy(liveness),
    )

    async def work(container: Container) -> EnrolReport:
        if create:
            await _create(container, collection)
        use_case: EnrolPhotos = container.enrol_photos()
        try:
            choice = await use_case.prepare(how)
        except CollectionNotFound as error:
            raise BulkError(f"there is no collection {collection}: --create makes it") from error
        outcomes = shown(use_case.execute(photos, how), "photos", len(photos))
        items = [_item(outcome) async for outcome in outcomes]
        statuses = Counter(item.status for item in items)
        return EnrolReport(
            command="enroll",
            seconds=clock.seconds,
            collection=collection,
            detection_model=choice.detection,
            recognition_model=choice.recognition,
            photos=len(photos),
            enrolled=statuses[Status.ENROLLED],
            with_faces_left_out=sum(item.faces_left_out > 0 for item in items),
            known=statuses[Status.KNOWN],
            refused=statuses[Status.REFUSED],
            refused_by_code=dict(Counter(item.code for item in items if item.code)),
            items=items,
        )

    done = carry_out(work)
    tell(done, as_text(done), report, as_json=as_json)


async def _create(container: Container, collection: str) -> None:
    if await container.collections().get(collection_name(collection)) is None:
        try:
            await container.collections().create(collection)
        except CollectionExists:
            return


def in_folders(folder: Path) -> list[PersonPhoto]:
    """The photos of `folder/person/photo.jpg`."""
    try:
        return [PersonPhoto(photo.person, photo.path) for photo in find_photos(folder)]
    except CommandError as error:
        raise click.ClickException(str(error)) from error


def in_table(table: Path) -> list[PersonPhoto]:
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
    return [PersonPhoto(name, table.parent / path.strip()) for _, (name, path) in rows]


def as_text(report: EnrolReport) -> str:
    """The summary for a person."""
    refused = [item for item in report.items if item.code]
    return "\n".join(
        [
            *(f"refused  {item.photo}: {item.detail}" for item in refused[:SHOWN]),
            *([f"refused  {len(refused) - SHOWN:,} more: see --report"] if len(refused) > SHOWN else []),
            *(f"doubtful {item.photo}: {_doubts(item)}" for item in report.items if item.conflicts),
            (
                f"{count(report.photos, 'photo', 'photos')} in {report.seconds:.1f} s: {report.enrolled:,} enrolled,"
                f" {report.known:,} known already, {report.refused:,} refused"
            ),
            *(
                [f"  other faces were left out of {count(report.with_faces_left_out, 'photo', 'photos')}"]
                if report.with_faces_left_out
                else []
            ),
            *(f"  {number:,} {code}" for code, number in sorted(report.refused_by_code.items())),
        ]
    )


def _doubts(item: PhotoItem) -> str:
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
