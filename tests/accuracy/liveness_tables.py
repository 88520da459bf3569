"""The tables of docs/liveness.md: `python -m tests.accuracy.liveness_tables FOLDER`, 20 minutes.

FOLDER has `faces/` and `models/`, as FACE_TEST_ASSETS has.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TypeVar

import click
import cv2

from application.evaluation.datasets.photos import central_face
from application.evaluation.metrics.rates import Share
from domain.liveness.capture import measure
from domain.liveness.detection import Liveness
from tests.accuracy.living import CONFIRM, FIT, MODELS, Judge, Living, library, living, variants
from tests.accuracy.recapture import SPECIES, recaptured

T = TypeVar("T")
R = TypeVar("R")
BEFORE = 0.093
"""The threshold until November 2026."""
THRESHOLDS = (BEFORE, 0.2, 0.3, 0.4, 0.5)
EVERY = 15
"""One in so many press photos is made worse, or recaptured."""


def in_threads(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(work, items))


def refused(found: Sequence[Liveness], threshold: float) -> Share:
    """Of those that were judged."""
    return Share.of(sum(one.score < threshold for one in found), len(found))


def judged(found: Iterable[Liveness | None]) -> list[Liveness]:
    return [one for one in found if one is not None and not one.reasons]


def by_set(judges: Sequence[Judge], photos: Sequence[Living]) -> Iterable[str]:
    """BPCER of every set at several thresholds, in both halves, of each choice of models."""

    def work(photo: Living) -> list[Liveness | None]:
        image = judges[0].read(photo.path)
        faces = judges[0].detector.detect(image)
        return [judge.gate.judge(image, central_face(faces, image)) if faces else None for judge in judges]

    for judge, found in zip(judges, zip(*in_threads(work, photos), strict=True), strict=True):
        yield from _by_set(judge, photos, found)
        yield ""


def _by_set(judge: Judge, photos: Sequence[Living], found: Sequence[Liveness | None]) -> Iterable[str]:
    yield f"models: {judge.spoof.name}, threshold {judge.spoof.threshold:.3g}"
    yield "| set | half | photos | no face | undetermined | " + " | ".join(map(str, THRESHOLDS)) + " |"
    yield "|---" * (5 + len(THRESHOLDS)) + "|"
    for people in dict.fromkeys(photo.people for photo in photos):
        for half in (FIT, CONFIRM):
            of = [
                one
                for photo, one in zip(photos, found, strict=True)
                if (photo.people, photo.half) == (people, half)
            ]
            shares = (refused(judged(of), threshold) for threshold in THRESHOLDS)
            undetermined = sum(one is not None and bool(one.reasons) for one in of)
            yield (
                f"| {people} | {half} | {len(of)} | {of.count(None)} | {undetermined} | "
                + " | ".join(f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]" for share in shares)
                + " |"
            )


def with_surroundings(judge: Judge, assets: Path) -> Iterable[str]:
    """The few photos that show as much around the face as the networks' training images."""
    for path in (assets / "faces" / "spoof" / "real_1.jpg", *sorted((assets / "faces" / "groups").iterdir())):
        image = judge.read(path)
        scores = [judge.gate.judge(image, face).score for face in judge.detector.detect(image)]
        yield f"{path.stem}: {len(scores)} faces, least score {min(scores):.3f}"
    for name in ("fake_1", "fake_2"):
        image = judge.read(assets / "faces" / "spoof" / f"{name}.jpg")
        box = judge.box(image)
        assert box is not None
        scored = {kind: judge.judge(made) for kind, made in variants(image, box)}
        shown = {
            kind: f"{one.score:.3f}" + ("*" if one.reasons else "") for kind, one in scored.items() if one
        }
        yield f"{name} (* undetermined): {shown}"


def framing(judge: Judge, photos: Sequence[Living]) -> Iterable[str]:
    """How closely photos are cropped around the face."""

    def sides(photo: Living) -> float | None:
        image = judge.read(photo.path)
        box = judge.box(image)
        return None if box is None else measure(image, box).surroundings

    found = in_threads(sides, photos)
    for people in dict.fromkeys(photo.people for photo in photos):
        of = [one for photo, one in zip(photos, found, strict=True) if photo.people == people and one]
        yield f"{people}: {median(of):.1f} sides of the face's box at the median"


def made_worse(judge: Judge, photos: Sequence[Living]) -> Iterable[str]:
    """How many photos that were made worse are below the threshold, and how many undetermined."""

    def work(photo: Living) -> list[tuple[str, str, Liveness | None]]:
        image = judge.read(photo.path)
        box = judge.box(image)
        made = () if box is None else variants(image, box)
        return [(kind, photo.people, judge.judge(worse)) for kind, worse in made]

    found: defaultdict[str, defaultdict[str, list[Liveness]]] = defaultdict(lambda: defaultdict(list))
    for rows in in_threads(work, photos):
        for kind, people, one in rows:
            if one is not None:
                found[kind][people].append(one)
    sets = list(dict.fromkeys(photo.people for photo in photos))
    yield "| photo | " + " | ".join(f"{name}: below the threshold, undetermined" for name in sets) + " |"
    yield "|---" * (1 + len(sets)) + "|"
    for kind, people_found in found.items():
        cells = []
        for name in sets:
            of = people_found[name]
            below = sum(one.score < judge.spoof.threshold for one in of)
            undetermined = sum(bool(one.reasons) for one in of)
            cells.append(f"{below / len(of):.0%}, {undetermined / len(of):.0%}" if of else "")
        yield f"| {kind} | " + " | ".join(cells) + " |"


def imitated(judge: Judge, photos: Sequence[Living]) -> Iterable[str]:
    """How many photos that were recaptured by formulas are taken for living faces."""

    def work(numbered: tuple[int, Living]) -> list[tuple[str, str, Liveness | None]]:
        seed, photo = numbered
        image = judge.read(photo.path)
        return [(kind, photo.people, judge.judge(recaptured(image, kind, seed))) for kind in SPECIES]

    rows = [row for part in in_threads(work, list(enumerate(photos))) for row in part]
    yield "| imitation | of | judged | " + " | ".join(map(str, THRESHOLDS)) + " |"
    yield "|---" * (3 + len(THRESHOLDS)) + "|"
    for kind in SPECIES:
        for people in dict.fromkeys(photo.people for photo in photos):
            of = judged(one for made, whose, one in rows if (made, whose) == (kind, people))
            passing = (1 - refused(of, threshold).value for threshold in THRESHOLDS)
            yield f"| {kind} | {people} | {len(of)} | " + " | ".join(f"{one:.0%}" for one in passing) + " |"


def main(assets: Path) -> None:
    cv2.setNumThreads(1)
    photos = living(assets)
    some = [photo for photo in photos if photo.people == "press photos"][::EVERY]
    frontal = [photo for photo in photos if photo.people == "frontal"]
    with TemporaryDirectory() as folder:
        models = library(assets, Path(folder))
        judge = Judge(models)
        judges = [judge, *(Judge(models, (name,)) for name in MODELS)]
        click.echo("\n".join(by_set(judges, photos)))
        click.echo("\n".join(framing(judge, [*some, *frontal])) + "\n")
        click.echo("\n".join(with_surroundings(judge, assets)) + "\n")
        click.echo("\n".join(made_worse(judge, [*some, *frontal])) + "\n")
        click.echo("\n".join(imitated(judge, [*some[::2], *frontal[::2]])))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
