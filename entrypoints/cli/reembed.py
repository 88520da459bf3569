"""`face-api reembed`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from application.bulk.collections import find_collections
from application.bulk.reembed import Reembedded
from entrypoints.cli.bulk import JSON, ONE_COLLECTION, REPORT, run_with_storage
from entrypoints.cli.progress import with_progress
from entrypoints.cli.reports import Report, count, listed, output_report

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class FailedItem(msgspec.Struct):
    """A face whose crop could not be embedded."""

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
    """Number of faces that only new photos can bring to this model."""
    failed: int
    items: list[FailedItem]


@click.command()
@click.option("--to", "model", metavar="MODEL", required=True, help="the recognition model")
@ONE_COLLECTION
@REPORT
@JSON
def reembed(model: str, collection: str | None, report: Path | None, *, as_json: bool) -> None:
    """Embed the stored crops of faces with another recognition model, beside the old embeddings.

    Crops are stored of faces that are registered while FACE_STORE_CROPS is true. Faces without a crop are counted
    and stay as they are: embeddings can't be converted. What the model has embedded already is passed over: a
    command that was interrupted is continued by the same command.
    """

    async def work(container: "Container") -> ReembedReport:
        use_case = container.reembed_faces()
        names = await find_collections(container.collections(), collection)
        recognition_model, without_crop, outcomes = model, 0, list[Reembedded]()
        for name in names:
            recognition_model, backlog = await use_case.backlog(name, model)
            without_crop += backlog.without_crop
            if backlog.pending:
                faces = use_case.execute(name, recognition_model)
                outcomes += [each async for each in with_progress(faces, f"crops of {name}", backlog.pending)]
        failed = [
            FailedItem(each.old.collection, each.old.id, each.error.code, each.error.detail)
            for each in outcomes
            if each.error is not None
        ]
        return ReembedReport(
            recognition_model=recognition_model,
            collections=names,
            embedded=len(outcomes) - len(failed),
            without_crop=without_crop,
            failed=len(failed),
            items=failed,
        )

    done = run_with_storage(work)
    output_report(done, _as_text(done), report, as_json=as_json)


def _as_text(report: ReembedReport) -> str:
    lines = list(listed("failed", [f"face {item.face_id}: {item.detail}" for item in report.items]))
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
