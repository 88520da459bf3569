"""Whether searches by estimates decide as those by embeddings, and what they cost.

    python -m tests.accuracy.estimates --images lfw/images --images mugshots --worse lfw/images

Galleries are drawn from each set: people with one photo each, at most half of the set's, and people of other sets
beside them where the gallery is larger. Photos of the set are searched for, of people who are enrolled and of others.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from application.analysis.embedding import Fidelity
from application.analysis.sources import SourceReader
from application.decisions import ComparedFaces, DecisionPolicy
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, Verdict
from domain.impostors import COHORT_SIZE, Cohort
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId
from entrypoints.cli.bulk import FOLDER
from entrypoints.cli.measuring import configured
from tests.accuracy.steps import Step, Steps, analyse_in_steps
from tests.accuracy.worse import WAYS, made_worse
from tests.unit.fakes import InlineWorkers
from tests.waiting import wait_until

SIZES = (30, 1000)
"""People enrolled."""
DRAWS = 20
SEARCHES = 200
"""Of each draw, at most: for people who are enrolled, and for others."""


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Enrolled people, by their numbers, one face each."""

    policy: DecisionPolicy
    people: list[int]
    faces: list[Embedding]
    vectors: NDArray[np.float32]
    cohort: Cohort

    @classmethod
    def of(cls, policy: DecisionPolicy, people: list[int], faces: list[Embedding]) -> "Gallery":
        """Enrol one face of each."""
        vectors = np.stack([face.vector for face in faces])
        return cls(policy, people, faces, vectors, Cohort.of(len(faces), vectors[:COHORT_SIZE]))

    def search(self, probe: Embedding) -> Decision:
        """As Identify does."""
        scores = self.vectors @ probe.vector
        best = np.argsort(-scores)[:2]
        compared = ComparedFaces(self.cohort, probe, self.faces[best[0]])
        threshold = self.policy.identification(probe.model, len(self.faces), faces=compared)
        ranked = [_person(self.people[row], float(scores[row])) for row in best]
        return self.policy.decide(ranked, len(self.faces), threshold)

    def decide(self, steps: Steps) -> tuple[Decision, list[Step]]:
        """As Identify does, and the steps that it takes."""
        taken: list[Step] = []
        for step in steps.steps:
            taken.append(step)
            decision = self.search(step.face.embedding)
            if not step.face.estimated or not decision.doubtful(self.policy.margin, step.face.error):
                break
        return decision, taken


def _person(number: int, similarity: float) -> RankedPerson:
    profile = ProfileId(number)
    face = Face(FaceId(number), profile, "", "", "", DEFAULT_COLLECTION)
    return RankedPerson(profile, "", similarity, face, similarity)


def _outcome(decision: Decision) -> tuple[Verdict, ProfileId | None]:
    named = decision.people[0].profile_id if decision.verdict is Verdict.MATCH else None
    return decision.verdict, named


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A photo of somebody."""

    person: str
    steps: Steps


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """Photos that are searched for, and those of the same people that are enrolled."""

    name: str
    probes: list[Probe]
    enrolled: dict[str, list[Probe]]
    """By person."""


@dataclass
class Tally:
    """Of the searches for photos of one set, in galleries of one size."""

    people: int = 0
    """Enrolled."""
    searches: int = 0
    ms: float = 0.0
    paths: Counter[tuple[str, Fidelity]] = field(default_factory=Counter)
    """By what was begun with, and what has decided."""
    path_ms: defaultdict[tuple[str, Fidelity], float] = field(default_factory=lambda: defaultdict(float))
    other_by_first: int = 0
    """Decisions that would be others by the first estimate."""
    other: int = 0
    nearest: float = 0.0
    """Of the decisions that would be others by an estimate, the greatest error with which one isn't doubtful, by the
    error that is allowed for: from 1 on it would have been missed."""

    def add(self, gallery: Gallery, steps: Steps) -> None:
        """Search for a photo."""
        right = _outcome(gallery.search(steps.exact))
        decision, taken = gallery.decide(steps)
        path, spent = (steps.begun, taken[-1].face.fidelity), sum(step.ms for step in taken)
        self.searches += 1
        self.ms += spent
        self.paths[path] += 1
        self.path_ms[path] += spent
        self.other += _outcome(decision) != right
        for place, step in enumerate(steps.steps[:-1]):
            guess = gallery.search(step.face.embedding)
            if _outcome(guess) != right:
                self.other_by_first += place == 0
                self.nearest = max(
                    self.nearest, _doubtful_from(guess, gallery.policy.margin) / step.face.error
                )

    def table(self) -> Iterator[str]:
        """A line for each path, the most frequent first."""
        for path, count in self.paths.most_common():
            begun, fidelity = path
            share, ms = count / self.searches, self.path_ms[path] / count
            yield f"| {begun} | {fidelity.name.lower().replace('_', ' ')} | {share:.1%} | {ms:.1f} |"


def _doubtful_from(decision: Decision, margin: float) -> float:
    """The least error with which a decision is doubtful."""
    low, high = 0.0, 2.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if decision.doubtful(margin, middle) else (middle, high)
    return high


def read_set(reader: SourceReader, folder: Path, draw: Generator, *, worse: bool) -> PhotoSet:
    """A folder with one folder a person.

    `worse`: the first photos of its people are enrolled, and the second are made worse, in one way after another.
    """
    probes: list[Probe] = []
    enrolled: dict[str, list[Probe]] = {}
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        photos = sorted(person.iterdir())
        if worse and len(photos) == 1:
            continue
        for place, photo in enumerate(photos[:2] if worse else photos):
            data = photo.read_bytes()
            if worse and place > 0:
                image = reader.analyser.decoder.decode(data)
                data = made_worse(image, list(WAYS)[len(probes) % len(WAYS)], draw)
            steps = asyncio.run(analyse_in_steps(reader, data))
            if steps is None:
                continue
            probe = Probe(person.name, steps)
            if place > 0 or not worse:
                probes.append(probe)
            if place == 0 or not worse:
                enrolled.setdefault(person.name, []).append(probe)
    name = f"{folder.parent.name}/{folder.name}"
    return PhotoSet(f"{name}, made worse" if worse else name, probes, enrolled)


def drawn(sets: Sequence[PhotoSet], photos: PhotoSet, size: int, draw: Generator) -> dict[str, Probe]:
    """The people of a gallery, and the photos that are enrolled."""
    own = draw.permutation(list(photos.enrolled))[: min(size, len(photos.enrolled) // 2)]
    everybody = {name: those for each in (*sets, photos) for name, those in each.enrolled.items()}
    others = draw.permutation([name for name in everybody if name not in photos.enrolled])[: size - len(own)]
    return {name: everybody[name][draw.integers(len(everybody[name]))] for name in map(str, (*own, *others))}


def measured(policy: DecisionPolicy, sets: Sequence[PhotoSet], photos: PhotoSet, size: int) -> Tally:
    """Searches for the photos of a set in galleries of so many people."""
    draw, tally = np.random.default_rng(1), Tally()
    for _ in range(DRAWS):
        people = drawn(sets, photos, size, draw)
        tally.people = len(people)
        gallery = Gallery.of(
            policy, list(range(len(people))), [probe.steps.exact for probe in people.values()]
        )
        shown = set(map(id, people.values()))
        for mated in (True, False):
            probes = [
                probe
                for probe in photos.probes
                if (probe.person in people) == mated and id(probe) not in shown
            ]
            for row in draw.permutation(len(probes))[:SEARCHES]:
                tally.add(gallery, probes[row].steps)
    return tally


@click.command()
@click.option("--images", multiple=True, type=FOLDER, help="a folder with one folder a person")
@click.option("--worse", multiple=True, type=FOLDER, help="the same, but its photos are made worse")
def estimates(images: Sequence[Path], worse: Sequence[Path]) -> None:
    """Compare decisions by estimates with those by embeddings."""
    container = configured()
    reader, policy = SourceReader(container.analyser(), InlineWorkers()), container.policy()
    models, draw = reader.analyser.models, np.random.default_rng(1)
    embedder = models.embedder(models.choose(None, None).recognition)
    wait_until(lambda: embedder.estimates, "nothing is estimated here: see FACE_PRECISION")
    folders = [(folder, made) for made, folders in ((False, images), (True, worse)) for folder in folders]
    sets = [read_set(reader, folder, draw, worse=made) for folder, made in folders]
    for photos in sets:
        for size in SIZES:
            tally = measured(policy, sets, photos, size)
            click.echo(
                f"\n{photos.name}, {len(photos.probes)} photos, {tally.people} people enrolled,"
                f" {tally.searches} searches: {tally.ms / tally.searches:.1f} ms on average\n\n"
                "| at first | decided by | share | ms |\n|---|---|---|---|"
            )
            click.echo("\n".join(tally.table()))
            click.echo(
                f"\nother decisions by the first estimates: {tally.other_by_first}; in the end: {tally.other};"
                f" {tally.nearest:.2f} of the error that is allowed for would have done"
            )


if __name__ == "__main__":
    estimates()
