"""`face-api gallery`."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from application.gallery_check.check import CheckGallery
from domain.people import ProfileId
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
            return await _whole(container.check_gallery(), collection, recognition, limit, update)

    found = run_with_storage(work, advice="run the same command again")
    output_report(found, as_text(found), report, as_json=as_json)


async def _whole(
    check_gallery: CheckGallery,
    collection: str,
    recognition: str | None,
    limit: int,
    update: Callable[[int], None],
) -> GalleryCheckView:
    """All parts of a gallery, as one."""
    whole: GalleryCheckView | None = None
    after: ProfileId | None = None
    while True:
        part = await check_gallery.execute(
            collection, recognition, limit=limit, after=after, comparisons=COMPARISONS, deadline_s=None
        )
        view, after = GalleryCheckView.of(part), part.next
        whole = view if whole is None else _joined(whole, view, limit)
        update(whole.checked)
        if after is None:
            return whole


def _joined(one: GalleryCheckView, other: GalleryCheckView, limit: int) -> GalleryCheckView:
    return msgspec.structs.replace(
        other,
        checked=one.checked + other.checked,
        duplicates=sorted([*one.duplicates, *other.duplicates], key=_pair_rank, reverse=True)[:limit],
        misfits=sorted([*one.misfits, *other.misfits], key=_misfit_rank, reverse=True)[:limit],
        lookalikes=sorted([*one.lookalikes, *other.lookalikes], key=_over, reverse=True)[:limit],
    )


def _over(pair: LikePeopleView) -> float:
    return pair.similarity - pair.threshold


def _pair_rank(pair: LikePeopleView) -> tuple[bool, float]:
    return pair.agreement > 0.5, _over(pair)  # noqa: PLR2004 - the majority


def _misfit_rank(face: MisfitView) -> float:
    other = face.resembles
    return (face.threshold if other is None else other.similarity) - face.similarity


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
