"""Whether searches by estimates decide as those by embeddings: `python -m tests.accuracy.estimates --images DIR`.

Half of the people of a set are enrolled with one photo each; everybody's other photos are searched for.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np
from numpy.typing import NDArray

from application.analysis.analyser import AnalysedFace, FaceAnalyser
from application.analysis.options import PhotoOptions
from application.decisions import ComparedFaces, DecisionPolicy
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, Verdict
from domain.impostors import COHORT_SIZE, Cohort
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId
from domain.quality import LENIENT
from entrypoints.cli.measuring import FOLDER, configured

DRAWS = 20
SEARCHES = 400
"""Of each draw, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Enrolled people, by their numbers, one face each."""

    policy: DecisionPolicy
    people: NDArray[np.intp]
    faces: list[Embedding]
    vectors: NDArray[np.float32]
    cohort: Cohort

    @classmethod
    def of(cls, policy: DecisionPolicy, people: NDArray[np.intp], faces: list[Embedding]) -> "Gallery":
        """Enrol one face of each."""
        vectors = np.stack([face.vector for face in faces])
        return cls(policy, people, faces, vectors, Cohort.of(len(faces), vectors[:COHORT_SIZE]))

    def search(self, probe: Embedding) -> Decision:
        """As Identify does."""
        scores = self.vectors @ probe.vector
        best = np.argsort(-scores)[:2]
        compared = ComparedFaces(self.cohort, probe, self.faces[best[0]])
        threshold = self.policy.identification(probe.model, len(self.faces), faces=compared)
        ranked = [_person(int(self.people[row]), float(scores[row])) for row in best]
        return self.policy.decide(ranked, len(self.faces), threshold)


def _person(number: int, similarity: float) -> RankedPerson:
    profile = ProfileId(number)
    face = Face(FaceId(number), profile, "", "", "", DEFAULT_COLLECTION)
    return RankedPerson(profile, "", similarity, face, similarity)


def _outcome(decision: Decision) -> tuple[Verdict, ProfileId | None]:
    named = decision.people[0].profile_id if decision.verdict is Verdict.MATCH else None
    return decision.verdict, named


class Probe(NamedTuple):
    """A face as recognition sees it first, and its embedding."""

    first: AnalysedFace
    exact: Embedding


def probe(analyser: FaceAnalyser, photo: Path) -> Probe | None:
    """The face of a photo; None if recognition refuses it."""
    choice, data = analyser.models.choose(None, None), photo.read_bytes()
    try:
        (face,) = analyser.analyse(data, choice, PhotoOptions(), LENIENT, estimate=True)
        if not face.estimated:
            return Probe(face, face.embedding)
        (exact,) = analyser.analyse(data, choice, PhotoOptions(), LENIENT)
    except FaceServiceError:
        return None
    return Probe(face, exact.embedding)


@click.command()
@click.option("--images", type=FOLDER, required=True, help="a folder with one folder a person")
def estimates(images: Path) -> None:
    """Compare decisions by estimates with those by embeddings."""
    _, container = configured()
    analyser, policy = container.analyser(), container.policy()
    rows = [
        (number, found)
        for number, folder in enumerate(sorted(path for path in images.iterdir() if path.is_dir()))
        for photo in sorted(folder.iterdir())
        if (found := probe(analyser, photo)) is not None
    ]
    people = np.array([number for number, _ in rows])
    first, exact = zip(*(found for _, found in rows), strict=True)
    same = [
        face.embedding.similarity(embedding)
        for face, embedding in zip(first, exact, strict=True)
        if face.estimated
    ]
    if not same:
        raise click.UsageError("nothing is estimated here: see FACE_PRECISION")
    random, counts, errors = np.random.default_rng(1), Counter[str](), []
    for _ in range(DRAWS):
        enrolled = random.permutation(np.unique(people))[: len(np.unique(people)) // 2]
        shown = np.array([random.choice(np.flatnonzero(people == person)) for person in enrolled])
        gallery = Gallery.of(policy, enrolled, [exact[row] for row in shown])
        probes = np.setdiff1d(np.arange(len(people)), shown)
        for row in random.choice(probes, min(len(probes), SEARCHES), replace=False):
            guess, right = gallery.search(first[row].embedding), gallery.search(exact[row])
            doubtful = not first[row].estimated or guess.doubtful(policy.margin, first[row].error)
            differs = _outcome(guess) != _outcome(right)
            group = "enrolled" if people[row] in enrolled else "strangers"
            counts.update({group: 1, f"{group} embedded": doubtful})
            counts.update({"differ": differs, "differ in the end": differs and not doubtful})
            errors.append(abs(_above(guess) - _above(right)))
    click.echo(
        f"{len(rows)} photos, {len(same)} estimated, {sum(face.glimpsed for face in first)} of them glimpsed;"
        f" estimates have similarity {np.median(same):.4f} to embeddings,"
    )
    click.echo(f"lowest hundredth {np.quantile(same, 0.01):.4f}. {len(errors)} searches:")
    low, high = np.quantile(errors, [0.99, 0.999])
    click.echo(
        f"  distance to the threshold differs by {np.median(errors):.4f}; 99%: {low:.4f}, 99.9%: {high:.4f}"
    )
    for group in ("enrolled", "strangers"):
        click.echo(
            f"  {group}: {counts[f'{group} embedded'] / max(counts[group], 1):.1%} are embedded as well"
        )
    click.echo(f"  decisions that differ: {counts['differ']}; in the end: {counts['differ in the end']}")


def _above(decision: Decision) -> float:
    return decision.people[0].similarity - decision.threshold


if __name__ == "__main__":
    estimates()
