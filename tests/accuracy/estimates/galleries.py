"""Galleries that are drawn from sets of photos, and what searches for photos in them decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from application.analysis.embedding import Fidelity
from application.decisions import ComparedFaces, DecisionPolicy, Threshold
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, Verdict
from domain.impostors import COHORT_SIZE, Cohort
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId
from tests.accuracy.estimates.photos import AnalysedPhoto, PhotoSet

SEARCHES = 200
"""Of each gallery, at most: for people who are enrolled, and for others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search answers."""

    verdict: Verdict
    person: str | None
    """Who is named, if anybody is."""


@dataclass(frozen=True, slots=True)
class Estimated:
    """A decision by an estimate, beside that by the embedding."""

    fidelity: Fidelity
    outcome: Outcome
    doubtful_from: float
    """The least error with which the decision is doubtful, by the error that is allowed for: from 1 on it stands."""
    error: float
    """Of the distance of the best person's similarity from the threshold, by the error that is allowed for."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search for a photo."""

    kind: str
    """Of the photo, see AnalysedPhoto."""
    person: str
    exact: Outcome
    """By the embedding."""
    estimates: tuple[Estimated, ...]
    """In the order in which they are taken, as if every one left doubt."""
    ms: tuple[float, ...]
    """Processor time of each, and of the embedding."""
    mated: bool
    """Whether the person is enrolled."""

    def steps(self, scales: Mapping[Fidelity, float] | None = None) -> int:
        """How many estimates are taken before one decides; all of them if the embedding does.

        Args:
            scales: factors of the errors that are allowed for, by fidelity; None for 1.
        """
        return next(
            (
                place
                for place, each in enumerate(self.estimates)
                if each.doubtful_from >= (scales or {}).get(each.fidelity, 1.0)
            ),
            len(self.estimates),
        )

    def outcome(self, scales: Mapping[Fidelity, float] | None = None) -> Outcome:
        """What is answered in the end."""
        return (*(each.outcome for each in self.estimates), self.exact)[self.steps(scales)]

    def other(self, scales: Mapping[Fidelity, float] | None = None) -> bool:
        """Whether that is not what the embedding answers."""
        return self.outcome(scales) != self.exact


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Enrolled people, one face each."""

    policy: DecisionPolicy
    people: list[str]
    faces: list[Embedding]
    vectors: NDArray[np.float32]
    cohort: Cohort

    @classmethod
    def of(cls, policy: DecisionPolicy, people: dict[str, Embedding]) -> "Gallery":
        """Enrol one face of each person."""
        vectors = np.stack([face.vector for face in people.values()])
        cohort = Cohort.of(len(people), vectors[:COHORT_SIZE])
        return cls(policy, list(people), list(people.values()), vectors, cohort)

    def decide(self, probe: Embedding) -> Decision:
        """As Identify does."""
        scores = self.vectors @ probe.vector
        best = np.argsort(-scores)[:2].tolist()
        ranked = [_person(row, float(scores[row])) for row in best]
        return self.policy.decide(ranked, len(self.faces), self._threshold(probe, best[0]))

    def search(self, photo: AnalysedPhoto) -> Search:
        """Search for a photo by all of its estimates, and by its embedding."""
        probe, margin = photo.steps.exact, self.policy.margin
        estimated = []
        for step in photo.steps.steps[:-1]:
            decision = self.decide(step.embedding)
            best = decision.people[0]
            distance = float(self.vectors[best.profile_id] @ probe.vector)
            distance -= self._threshold(probe, best.profile_id).similarity
            estimated.append(
                Estimated(
                    step.fidelity,
                    self._outcome(decision),
                    doubtful_from(decision, margin) / step.error,
                    abs(best.similarity - decision.threshold - distance) / step.error,
                )
            )
        return Search(
            photo.kind,
            photo.person,
            self._outcome(self.decide(probe)),
            tuple(estimated),
            tuple(step.ms for step in photo.steps.steps),
            photo.person in self.people,
        )

    def _threshold(self, probe: Embedding, row: int) -> Threshold:
        compared = ComparedFaces(self.cohort, probe, self.faces[row])
        return self.policy.identification(probe.model, len(self.faces), faces=compared)

    def _outcome(self, decision: Decision) -> Outcome:
        named = decision.verdict is Verdict.MATCH
        return Outcome(decision.verdict, self.people[decision.people[0].profile_id] if named else None)


def doubtful_from(decision: Decision, margin: float) -> float:
    """The greatest error with which a decision isn't doubtful; see Decision.doubtful."""
    best = decision.people[0].similarity
    distance = abs(best - decision.threshold)
    if len(decision.people) == 1:
        return distance
    matches = best >= decision.threshold
    rival = max(decision.threshold, best - margin) if matches else max(decision.lowest_threshold, best)
    return min(distance, rival - decision.people[1].similarity)


def drawn(sets: Sequence[PhotoSet], photos: PhotoSet, size: int, draw: Generator) -> dict[str, AnalysedPhoto]:
    """The people of a gallery, and the photos that are enrolled."""
    own = draw.permutation(list(photos.enrolled))[: min(size, len(photos.enrolled) // 2)]
    everybody = {name: those for each in (*sets, photos) for name, those in each.enrolled.items()}
    others = draw.permutation([name for name in everybody if name not in photos.enrolled])[: size - len(own)]
    return {name: everybody[name][draw.integers(len(everybody[name]))] for name in map(str, (*own, *others))}


def search_set(
    policy: DecisionPolicy, sets: Sequence[PhotoSet], photos: PhotoSet, size: int, draws: int
) -> list[Search]:
    """Search for the photos of a set in galleries of so many people, or of as many as there are."""
    draw, searches = np.random.default_rng(1), []
    for _ in range(draws):
        people = drawn(sets, photos, size, draw)
        gallery = Gallery.of(policy, {name: photo.steps.exact for name, photo in people.items()})
        shown = set(map(id, people.values()))
        for mated in (True, False):
            probes = [
                probe
                for probe in photos.probes
                if (probe.person in people) == mated and id(probe) not in shown
            ]
            rows = draw.permutation(len(probes))[:SEARCHES].tolist()
            searches += [gallery.search(probes[row]) for row in rows]
    return searches


def _person(number: int, similarity: float) -> RankedPerson:
    profile = ProfileId(number)
    face = Face(FaceId(number), profile, "", "", "", DEFAULT_COLLECTION)
    return RankedPerson(profile, "", similarity, face, similarity)
