"""Compares the methods of weighing several faces of a person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.rates import Share, threshold_at
from application.evaluation.search.gallery_sizes import Split, calibrated, parts
from application.recognition import RERANK_DEPTH
from domain.faces import Embedding
from domain.identification import Candidate, RankedPerson
from domain.methods import METHODS, NEAREST, IdentificationMethod
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId

PHOTOS = (3, 5)
"""Enrolled of each person."""
PROBES = 3
"""Most photos of an enrolled person that are searched for."""


@dataclass(frozen=True, slots=True)
class MethodResult:
    """Searches with one method."""

    method: str
    photos: int
    """Enrolled of each person."""
    people: int
    """Enrolled, in two galleries."""
    rank1: Share
    """Mated probes whose own person is at rank 1."""
    tpir: Share
    """The same, at the threshold that has the target FPIR on these very searches."""
    decided_fpir: Share
    """Non-mated probes for which somebody is named at the threshold that other people gave."""
    decided_tpir: Share
    """Mated probes that are named rightly at it."""


def compare_methods(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    models: ModelChoice,
    target: tuple[float, float],
) -> tuple[MethodResult, ...]:
    """All methods; each half of the people gives the thresholds for the other.

    People with more photos than are enrolled of each are the gallery, all others are non-mated probes. For comparison
    the same people are searched for with one photo enrolled. See `calibrated` for the arguments.
    """
    half = parts(people, 2)
    splits = [calibrated(vectors, people, half == fitted, models, target) for fitted in range(2)]
    return tuple(
        result
        for photos in PHOTOS
        for method, enrolled in ((NEAREST, 1), *((method, photos) for method in METHODS.values()))
        for result in _measure(method, enrolled, photos, splits, vectors, people, models.recognition)
    )


def _measure(
    method: IdentificationMethod,
    enrolled: int,
    photos: int,
    splits: Sequence[Split],
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    model: str,
) -> Iterator[MethodResult]:
    """One result; none if a split has no people for the gallery, or no others."""
    total, results = 0, []
    for split in splits:
        numbers = people[split.measured]
        by_person = [split.measured[numbers == person] for person in np.unique(numbers)]
        mated = [rows for rows in by_person if len(rows) > photos]
        others = [rows[0] for rows in by_person if len(rows) <= photos]
        if not mated or not others:
            return
        total += len(mated)
        gallery = [_candidate(number, vectors[rows[:enrolled]], model) for number, rows in enumerate(mated)]
        probes = [(number, row) for number, rows in enumerate(mated) for row in rows[photos:][:PROBES]]

        def first(row: int, gallery: Sequence[Candidate] = gallery) -> RankedPerson:
            return _first(method, Embedding(vectors[row], model), gallery)

        found = [(first(row), number) for number, row in probes]
        right = np.array([person.profile_id == number for person, number in found])
        similarity = np.array([person.similarity for person, _ in found])
        non_mated = np.array([first(row).similarity for row in others])
        comparisons = method.comparisons(enrolled)
        threshold = split.policy.identification(model, len(gallery), comparisons=comparisons).similarity
        on_these = threshold_at(non_mated, split.policy.target_fpir)
        decided = right & (similarity >= threshold)
        results.append((right, right & (similarity >= on_these), non_mated >= threshold, decided))
    yield MethodResult(method.name, enrolled, total, *map(_share, zip(*results, strict=True)))


def _first(method: IdentificationMethod, probe: Embedding, gallery: Sequence[Candidate]) -> RankedPerson:
    """As the service does it: the method weighs those people whose nearest face is nearest."""
    nearest = np.array([(person.vectors @ probe.vector).max() for person in gallery])
    pool = np.argsort(-nearest, kind="stable")[: 1 if method is NEAREST else RERANK_DEPTH]
    return method.rank(probe, [gallery[number] for number in pool.tolist()])[0]


def _candidate(number: int, vectors: NDArray[np.float32], model: str) -> Candidate:
    profile = ProfileId(number)
    faces = tuple(
        Face(FaceId(index), profile, "", model, "", DEFAULT_COLLECTION) for index in range(len(vectors))
    )
    return Candidate(profile, "", faces, vectors, (None,) * len(faces))


def _share(truths: Sequence[NDArray[np.bool_]]) -> Share:
    joined = np.concatenate(truths)
    return Share.of(int(joined.sum()), len(joined))
