"""`face-api reembed`."""

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from application.bulk.export import ExportPeople
from application.bulk.reembed import Reembedded, ReembedFaces
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import JSON, REPORT, Clock, Report, carry_out, check_report, count, shown, tell


class FailedItem(msgspec.Struct):
    """A crop that could not be embedded."""

    collection: str
    face_id: int
    code: str
    detail: str


class ReembedReport(Report, kw_only=True):
    """What was embedded."""

    recognition_model: str
    collections: list[str]
    embedded: int
    without_crop: int
    """Faces that only new photos can bring to this model."""
    failed: int
    items: list[FailedItem]


@click.command()
@click.option("--to", "model", metavar="MODEL", required=True, help="the recognition model")
@click.option("--collection", metavar="NAME", help="this collection alone; without it, all of them")
@REPORT
@JSON
def reembed(model: str, collection: str | None, report: Path | None, *, as_json: bool) -> None:
    """Embed the aligned crops that were kept under another recognition model, beside the old embeddings.

    Crops are kept of what is registered while FACE_STORE_CROPS is true. Faces without a crop are counted and
    stay as they are: embeddings can't be converted. What the model has embedded already is passed over: a
    command that was interrupted is continued by the same command.
    """
    check_report(report)
    clock = Clock()

    async def work(container: Container) -> ReembedReport:
        use_case: ReembedFaces = container.reembed_faces()
        export: ExportPeople = container.export_people()
        names = [each.name for each in await export.chosen(collection)]
        meant, lost, outcomes = model, 0, list[Reembedded]()
        for name in names:
            meant, backlog = await use_case.backlog(name, model)
            lost += backlog.without_crop
            if backlog.pending:
                faces = shown(use_case.execute(name, meant), f"crops of {name}", backlog.pending)
                outcomes += [outcome async for outcome in faces]
        failed = _failed(outcomes)
        return ReembedReport(
            command="reembed",
            seconds=clock.seconds,
            recognition_model=meant,
            collections=names,
            embedded=len(outcomes) - len(failed),
            without_crop=lost,
            failed=len(failed),
            items=failed,
        )

    done = carry_out(work)
    tell(done, as_text(done), report, as_json=as_json)


def _failed(outcomes: Sequence[Reembedded]) -> list[FailedItem]:
    return [
        FailedItem(each.old.collection, each.old.id, each.error.code, each.error.detail)
        for each in outcomes
        if each.error is not None
    ]


def as_text(report: ReembedReport) -> str:
    """The summary for a person."""
    lines = [f"failed  face {item.face_id}: {item.detail}" for item in report.items]
    lines.append(
        f"{count(report.embedded, 'face', 'faces')} embedded with {report.recognition_model} in"
        f" {report.seconds:.1f} s, {report.failed:,} failed"
    )
    if report.without_crop:
        lines.append(
            f"{count(report.without_crop, 'face has', 'faces have')} no crop and can't be embedded again: register"
            " their photos with the new model"
        )
    return "\n".join(lines)
