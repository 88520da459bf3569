"""`face-api gallery`."""

from functools import partial
from pathlib import Path

import click

from application.gallery_check.check import GalleryCheck
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import COLLECTION, JSON, RECOGNITION, REPORT, run_with_storage
from entrypoints.cli.figures import table
from entrypoints.cli.groups import Group
from entrypoints.cli.progress import progress
from entrypoints.cli.reports import output_report
from entrypoints.http.views.gallery_check import GalleryCheckView, LikePeopleView, MisfitView

COMPARISONS = 16 * 10**9
"""Comparisons of one part, of which nobody waits for an answer: some minutes."""
MOST_FINDINGS = 10_000


@click.group(cls=Group)
def gallery() -> None:
    """Find mistakes in what is enrolled."""


@gallery.command()
@COLLECTION
@RECOGNITION
@click.option(
    "--limit",
    default=20,
    show_default=True,
    type=click.IntRange(1, MOST_FINDINGS),
    help="entries of each list",
)
@REPORT
@JSON
def check(
    collection: str, recognition: str | None, limit: int, report: Path | None, *, as_json: bool
) -> None:
    """Find people who are enrolled twice, and faces that don't fit their person.

    All faces are compared with each other: a second for 10,000 faces, an hour or two for a million.
    """

    async def work(container: Container) -> GalleryCheckView:
        with progress("faces", None, visible=not as_json) as update:
            part = partial(
                container.check_gallery().execute,
                collection,
                recognition,
                limit=limit,
                comparisons=COMPARISONS,
                deadline_s=None,
            )
            whole: GalleryCheck = await part()
            while whole.next is not None:
                update(whole.checked)
                whole = whole.then(await part(after=whole.next), limit)
            update(whole.checked)
            return GalleryCheckView.of(whole)

    found = run_with_storage(work, advice="run the same command again")
    output_report(found, as_text(found), report, as_json=as_json)


def as_text(found: GalleryCheckView) -> str:
    """Tables for a person."""
    sections = (
        (
            "people who look like the same person",
            ("person", "", "person", "", "similarity", "threshold", "faces that agree"),
            [(*_pair(pair), f"{pair.agreement:.0%}") for pair in found.duplicates],
        ),
        (
            "faces that don't fit their person",
            ("face", "of", "", "similarity", "threshold", "resembles", "", "similarity"),
            [_misfit(face) for face in found.misfits],
        ),
        (
            "people who are only just told apart",
            ("person", "", "person", "", "similarity", "threshold"),
            [_pair(pair) for pair in found.lookalikes],
        ),
    )
    counts = f"{found.people:,} people, {found.faces:,} faces, {found.checked:,} checked"
    lines = [f"{found.recognition_model} in {found.collection}: {counts}"]
    for title, header, rows in sections:
        lines += [f"{title}: {len(rows) or 'none'}", *(table(header, rows) if rows else [])]
    return "\n".join(lines)


def _pair(pair: LikePeopleView) -> tuple[object, ...]:
    similar = f"{pair.similarity:.4f}", f"{pair.threshold:.4f}"
    return pair.one.profile_id, pair.one.name, pair.other.profile_id, pair.other.name, *similar


def _misfit(face: MisfitView) -> tuple[object, ...]:
    own, other = face.person, face.resembles
    similar = f"{face.similarity:.4f}", f"{face.threshold:.4f}"
    known = (own.id, own.profile_id, own.name, *similar)
    if other is None:
        return (*known, "nobody", "", "")
    return (*known, other.person.profile_id, other.person.name, f"{other.similarity:.4f}")
