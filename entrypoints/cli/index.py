"""`face-api index`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

from adapters.gallery_index.milvus.catching_up import Told
from adapters.gallery_index.milvus.generations import series_of
from adapters.gallery_index.milvus.shared_index import SharedIndex
from adapters.gallery_index.milvus.status import SeriesStatus, index_status
from adapters.gallery_index.milvus.verification import Drift, VerifyIndex
from application.errors import CommandError
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.figures import table
from entrypoints.cli.groups import Group
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import Report, output_report

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container

T = TypeVar("T")


class IndexReport(Report, kw_only=True):
    """The state of the index."""

    series: list[SeriesStatus]


class RebuildReport(Report, kw_only=True):
    """What was built."""

    faces: int


class VerifyReport(Report, kw_only=True):
    """What differs."""

    galleries: list[Drift]


@click.group(cls=Group)
def index() -> None:
    """Look after the index that instances share (FACE_INDEX_URL).

    All of it may be done while services run.
    """


@index.command()
@JSON
def status(*, as_json: bool) -> None:
    """Show how many faces the index has, and what it doesn't have yet."""
    found = list(_run(index_status))
    report = IndexReport(series=found)
    output_report(report, "\n".join(status_lines(found)), as_json=as_json)


@index.command()
@JSON
def rebuild(*, as_json: bool) -> None:
    """Build the index anew from the database, as FACE_INDEX_TYPE says, beside the one that is searched.

    Stopped at any moment, it goes on where it was when it is run again. Then the new one is searched, and the old one
    deleted; until then Milvus needs room for both.
    """

    async def work(shared: SharedIndex) -> int:
        galleries = await shared.feed.galleries()
        keys = await shared.keys()
        total = sum(galleries.get(key, 0) for key in keys)
        with progress("faces", total, visible=not as_json) as update:
            told = Told(on_progress=update)
            for series in sorted({series_of(key) for key in keys}):
                if not await shared.build(series, told):
                    raise CommandError("another process is building the index: nothing was done here")
        return told.faces

    faces = _run(work)
    report = RebuildReport(faces=faces)
    output_report(report, f"built: {faces:,} faces, {report.seconds} s", as_json=as_json)


@index.command()
@click.option("--repair", is_flag=True, help="write what is missing or stale, delete what is orphaned")
@JSON
def verify(*, repair: bool, as_json: bool) -> None:
    """Compare the index with the database, face by face.

    Exits with 1 if something differs and was not repaired.
    """

    async def work(shared: SharedIndex) -> Sequence[Drift]:
        with progress("faces", None, visible=not as_json) as update:
            return await VerifyIndex(shared, repair=repair, on_progress=update).execute()

    found = list(_run(work))
    report = VerifyReport(galleries=found)
    output_report(report, "\n".join(drift_lines(found)), as_json=as_json)
    if any(drift.differences and not drift.repaired for drift in found):
        raise SystemExit(1)


def _run(work: Callable[[SharedIndex], Awaitable[T]]) -> T:
    if not load_settings().index_url:
        raise CommandError("FACE_INDEX_URL is not set: instances share no index")

    async def with_index(container: "Container") -> T:
        shared: SharedIndex = container.shared_index()
        try:
            return await work(shared)
        finally:
            await shared.connection.close()

    return run_with_storage(with_index)


def status_lines(found: Sequence[SeriesStatus]) -> Sequence[str]:
    """The state for a person."""
    if not found:
        return ["no faces, and no index"]
    lines = []
    for one in found:
        lines.append(f"{one.series}: {one.serving or 'not built yet'}")
        if one.building:
            lines.append(f"  unfinished: {one.building}")
        rows = [
            (
                each.collection,
                f"{each.faces:,}",
                f"{each.indexed:,}",
                "yes" if each.filled else "being filled",
                "many" if each.pending is None else each.pending,
            )
            for each in one.galleries
        ]
        if rows:
            lines += table(("collection", "faces", "in the index", "searched", "pending"), rows)
    return lines


def drift_lines(found: Sequence[Drift]) -> Sequence[str]:
    """Differences for a person."""
    if not found:
        return ["no index"]
    rows = [
        (
            each.collection,
            each.model,
            f"{each.checked:,}",
            each.missing,
            each.stale,
            each.orphaned,
            _outcome(each),
        )
        for each in found
    ]
    return list(table(("collection", "model", "checked", "missing", "stale", "orphaned", ""), rows))


def _outcome(drift: Drift) -> str:
    if not drift.filled:
        return "being filled"
    if not drift.differences:
        return "equal"
    return "repaired" if drift.repaired else "differs"
