"""`face-api identify`."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from application.analysis.detection import DEFAULT_MIN_FACE, MIN_FACE_RANGE
from application.analysis.selection import FaceSelection
from application.bulk.identify import IdentifyPhotos, PhotoAnswer
from application.photo_folders import SUFFIXES
from application.recognition import IdentifiedFace, RecognitionOptions
from domain.faces import Box
from domain.identification import Verdict
from domain.liveness import LivenessPolicy
from domain.methods import METHODS
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


class BoxItem(msgspec.Struct):
    """Where a face is, in pixels of the upright photo."""

    x: float
    y: float
    width: float
    height: float


class CandidateItem(msgspec.Struct):
    """A person and how similar they are."""

    profile_id: int
    name: str
    similarity: float
    face_id: int


class FaceItem(msgspec.Struct, omit_defaults=True):
    """A face and whose it is."""

    box: BoxItem | None
    faces_left_out: int | None = None
    """Other faces of the photo, with --faces single."""
    verdict: str | None = None
    threshold: float | None = None
    fmr: float | None = None
    people: list[CandidateItem] = []
    code: str | None = None
    detail: str | None = None


class AnswerItem(msgspec.Struct, omit_defaults=True):
    """A photo and its faces."""

    photo: str
    faces: list[FaceItem] = []
    code: str | None = None
    detail: str | None = None


class IdentifyReport(Report, kw_only=True):
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


@click.command()
@click.argument(
    "files", metavar="FILES...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@COLLECTION
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
    """Say who is in photos. Of a folder all photos are meant, those of the folders in it, too."""
    check_report(report)
    clock = Clock()
    paths = [path for each in files for path in _photos(each)]
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

    async def work(container: Container) -> list[AnswerItem]:
        use_case: IdentifyPhotos = container.identify_photos()
        answers = shown(use_case.execute(paths, query), "photos", len(paths))
        return [_item(answer, top_k) async for answer in answers]

    items = carry_out(work)
    verdicts = Counter(face.verdict for item in items for face in item.faces)
    done = IdentifyReport(
        command="identify",
        seconds=clock.seconds,
        collection=collection,
        photos=len(items),
        faces=sum(len(item.faces) for item in items),
        match=verdicts[Verdict.MATCH.value],
        ambiguous=verdicts[Verdict.AMBIGUOUS.value],
        unknown=verdicts[Verdict.UNKNOWN.value],
        not_searched=verdicts[None],
        failed=sum(item.code is not None for item in items),
        items=items,
    )
    tell(done, as_text(done), report, as_json=as_json)


def _photos(path: Path) -> Iterator[Path]:
    """The path itself, or, of a folder, all photos in it."""
    if not path.is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders.sort()
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix.lower() in SUFFIXES)


def as_text(report: IdentifyReport) -> str:
    """A line a face, and the summary."""
    return "\n".join(
        [
            *(line for item in report.items for line in _lines(item)),
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
        # Of an ambiguous face all are to be seen who are near enough.
        people = decision.people if decision.verdict is Verdict.AMBIGUOUS else decision.people[:top_k]
        item.verdict = decision.verdict.value
        item.threshold, item.fmr = round(decision.threshold, 4), decision.fmr
        item.people = [
            CandidateItem(each.profile_id, each.name, round(each.similarity, 4), each.nearest.id)
            for each in people
        ]
    return item


def _box(box: Box) -> BoxItem:
    return BoxItem(*(round(side, 1) for side in (box.x, box.y, box.width, box.height)))
