"""`face-api identify`."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from application.analysis.detection import DEFAULT_MIN_FACE, MIN_FACE_RANGE
from application.analysis.selection import FaceSelection
from application.bulk.identify import PhotoAnswer
from application.errors import CommandError
from application.photo_folders import SkippedFile, walk_photos
from application.recognition import IdentifiedFace, RecognitionOptions
from domain.faces import Box
from domain.identification import Verdict
from domain.liveness.detection import LivenessPolicy
from domain.methods import METHODS
from entrypoints.cli import bulk, reports
from entrypoints.cli.bulk import DETECTION, JSON, LIVENESS, RECOGNITION, REPORT
from entrypoints.cli.progress import with_progress
from entrypoints.cli.reports import count, listed, printable
from entrypoints.http.views.detection import BoxView

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class CandidateItem(msgspec.Struct):
    """A person and how similar they are."""

    profile_id: int
    name: str
    similarity: float
    face_id: int


class FaceItem(msgspec.Struct, omit_defaults=True):
    """A face and the people that it may be of."""

    box: BoxView | None
    faces_left_out: int | None = None
    """Other faces of the photo, with --faces single."""
    verdict: str | None = None
    threshold: float | None = None
    fmr: float | None = None
    people: list[CandidateItem] = []
    code: str | None = None
    detail: str | None = None


class AnswerItem(msgspec.Struct, omit_defaults=True):
    """A photo and its faces, or why it could not be searched for."""

    photo: str
    faces: list[FaceItem] = []
    code: str | None = None
    detail: str | None = None


class IdentifyReport(reports.Report, kw_only=True):
    """What was found."""

    collection: str
    photos: int
    faces: int
    match: int
    ambiguous: int
    unknown: int
    not_searched: int
    """Faces that failed a check."""
    failed: int
    """Photos."""
    items: list[AnswerItem]
    skipped: list[reports.SkippedItem]
    """Files that are not photos."""
    query: dict[str, Any]
    """What was asked: a report of the same query can be continued."""
    complete: bool = True
    """False if the command was stopped before the last photo."""


@click.command()
@click.argument(
    "files", metavar="FILES...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@bulk.COLLECTION
@DETECTION
@RECOGNITION
@click.option(
    "--faces",
    type=click.Choice([each.value for each in FaceSelection]),
    default=FaceSelection.ALL.value,
    show_default=True,
    help="which faces of a photo are searched for",
)
@click.option(
    "--min-face",
    type=click.IntRange(*MIN_FACE_RANGE),
    help="with --faces all: pixels of the smallest face that must be found"
    f"  [default: {DEFAULT_MIN_FACE}, or a fortieth of the photo's longer side if that is less]",
)
@click.option("--method", type=click.Choice(sorted(METHODS)), help="instead of FACE_IDENTIFICATION_METHOD")
@click.option(
    "--top-k", type=click.IntRange(1, 100), default=1, show_default=True, help="people to name for a face"
)
@click.option(
    "--threshold",
    type=click.FloatRange(-1, 1),
    help="the least similarity of a match, instead of the model's",
)
@LIVENESS
@REPORT
@JSON
def identify(
    files: tuple[Path, ...],
    collection: str,
    detection: str | None,
    recognition: str | None,
    faces: str,
    min_face: int | None,
    method: str | None,
    top_k: int,
    threshold: float | None,
    liveness: str | None,
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    """Say who is in photos. Of a folder, all photos are meant, those of the folders in it, too.

    Answers are printed as they come. The exit status is 1 if nobody was found. With --report FILE, a command
    that was interrupted is continued by the same command.
    """
    paths, skipped = _find(files)
    query = RecognitionOptions(
        collection=collection,
        detection_model=detection,
        recognition_model=recognition,
        method=method,
        top_k=top_k,
        threshold=threshold,
        selection=FaceSelection(faces),
        min_face=min_face,
        liveness=None if liveness is None else LivenessPolicy(liveness),
    )
    items = _earlier_items(report, paths, query)
    if items:
        click.echo(f"{report}: going on after {count(len(items), 'photo', 'photos')}", err=True)

    async def work(container: "Container") -> None:
        answers = container.identify_photos().execute(paths[len(items) :], query)
        visible = as_json or not sys.stdout.isatty()
        async for answer in with_progress(answers, "photos", len(paths) - len(items), visible=visible):
            item = _item(answer, top_k)
            items.append(item)
            if not as_json:
                for line in _lines(item):
                    click.echo(line)

    def summary() -> IdentifyReport:
        verdicts = Counter(face.verdict for item in items for face in item.faces)
        return IdentifyReport(
            collection=collection,
            photos=len(items),
            faces=sum(len(item.faces) for item in items),
            match=verdicts[Verdict.MATCH.value],
            ambiguous=verdicts[Verdict.AMBIGUOUS.value],
            unknown=verdicts[Verdict.UNKNOWN.value],
            not_searched=verdicts[None],
            failed=sum(item.code is not None for item in items),
            items=items,
            skipped=[reports.SkippedItem.of(each) for each in skipped],
            query=_as_json(query),
            complete=len(items) == len(paths),
        )

    try:
        bulk.run_with_storage(
            work, advice=bulk.GO_ON if report else "with --report FILE, such a command can go on"
        )
    except (click.ClickException, CommandError, SystemExit):
        if report is not None and items:
            reports.write_report(summary(), report)
        raise
    done = summary()
    reports.output_report(done, _as_text(done), report, as_json=as_json)
    if not (done.match or done.ambiguous):
        raise SystemExit(1)


def _find(files: Sequence[Path]) -> tuple[list[Path], list[SkippedFile]]:
    """The files, and the photos of the folders; and what is skipped in these."""
    found = [each for path in files for each in (walk_photos(path) if path.is_dir() else [path])]
    photos = [each for each in found if isinstance(each, Path)]
    return photos, [each for each in found if isinstance(each, SkippedFile)]


def _earlier_items(report: Path | None, paths: Sequence[Path], query: RecognitionOptions) -> list[AnswerItem]:
    """What a report of the same command has, if that was interrupted."""
    if report is None:
        return []
    with contextlib.suppress(OSError, msgspec.DecodeError):
        earlier = msgspec.json.decode(report.read_bytes(), type=IdentifyReport)
        names = [printable(path) for path in paths[: len(earlier.items)]]
        same = [item.photo for item in earlier.items] == names and earlier.query == _as_json(query)
        if same and not earlier.complete:
            return earlier.items
    return []


def _as_json(query: RecognitionOptions) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(query)
    return {key: value for key, value in values.items() if value is not None}


def _as_text(report: IdentifyReport) -> str:
    skipped = [f"{item.path}: {item.reason}" for item in report.skipped]
    return "\n".join(
        [
            *listed("skipped", skipped),
            (
                f"{count(report.photos, 'photo', 'photos')}, {count(report.faces, 'face', 'faces')} in"
                f" {report.seconds:.1f} s: {report.match:,} matched, {report.unknown:,} unknown,"
                f" {report.ambiguous:,} ambiguous, {report.not_searched:,} not good enough;"
                f" {count(report.failed, 'photo', 'photos')} failed"
            ),
        ]
    )


def _lines(item: AnswerItem) -> Iterator[str]:
    if item.code is not None:
        yield f"{item.photo}: {item.detail}"
    elif not item.faces:
        yield f"{item.photo}: no face"
    for face in item.faces:
        people = ", ".join(f"{each.name} ({each.similarity:.2f})" for each in face.people)
        match face.verdict:
            case Verdict.MATCH.value:
                yield f"{item.photo}: {people}"
            case None:
                yield f"{item.photo}: {face.detail}"
            case verdict:
                yield f"{item.photo}: {verdict}" + (f", nearest: {people}" if people else "")


def _item(answer: PhotoAnswer, top_k: int) -> AnswerItem:
    if answer.error is not None:
        return AnswerItem(printable(answer.path), code=answer.error.code, detail=answer.error.detail)
    return AnswerItem(printable(answer.path), [_face(face, top_k) for face in answer.faces])


def _face(identified: IdentifiedFace, top_k: int) -> FaceItem:
    face, decision = identified.face, identified.decision
    box = None if face.detected is None else _box(face.detected.box)
    item = FaceItem(box, faces_left_out=face.faces_left_out)
    if face.refusal is not None:
        item.code, item.detail = face.refusal.code, face.refusal.detail
    if decision is not None:
        # For an ambiguous face, everybody who is similar enough is shown.
        people = decision.people if decision.verdict is Verdict.AMBIGUOUS else decision.people[:top_k]
        item.verdict = decision.verdict.value
        item.threshold, item.fmr = round(decision.threshold, 4), decision.fmr
        item.people = [
            CandidateItem(each.profile_id, each.name, round(each.similarity, 4), each.nearest.id)
            for each in people
        ]
    return item


def _box(box: Box) -> BoxView:
    return BoxView(*(round(side, 1) for side in (box.x, box.y, box.width, box.height)))
