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
from domain.methods import METHODS, IdentificationMethod, Nearest
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
        for method, enrolled in ((Nearest(), 1), *((method, photos) for method in METHODS.values()))
        for result in _measure(method, enrolled, photos, splits, vectors, people, models.recognition)
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Searches:
    own: NDArray[np.bool_]
    """For each mated probe whether its own person is at rank 1."""
    similarity: NDArray[np.float64]
    """For each mated probe, of rank 1."""
    non_mated: NDArray[np.float64]
    """For each non-mated probe, the similarity of rank 1."""
    threshold: float


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
    results = []
    total = 0
    for split in splits:
        own = [
            split.measured[people[split.measured] == person] for person in np.unique(people[split.measured])
        ]
        gallery_rows, other_rows = (
            [rows for rows in own if len(rows) > photos],
            [rows for rows in own if len(rows) <= photos],
        )
        if not gallery_rows or not other_rows:
            return
        total += len(gallery_rows)
        gallery = [
            _candidate(number, vectors[rows[:enrolled]], model) for number, rows in enumerate(gallery_rows)
        ]
        probes = [
            (number, row)
            for number, rows in enumerate(gallery_rows)
            for row in rows[photos : photos + PROBES]
        ]
        first = [_first(method, Embedding(vectors[row], model), gallery) for _, row in probes]
        non_mated = [_first(method, Embedding(vectors[rows[0]], model), gallery) for rows in other_rows]
        results.append(
            _Searches(
                np.array([who.profile_id == number for who, (number, _) in zip(first, probes, strict=True)]),
                np.array([who.similarity for who in first]),
                np.array([who.similarity for who in non_mated]),
                split.policy.identification(
                    model, len(gallery), comparisons=method.comparisons(enrolled)
                ).similarity,
            )
        )
    fpir = splits[0].policy.target_fpir
    own_rates = [found.own & (found.similarity >= threshold_at(found.non_mated, fpir)) for found in results]
    decided = [found.own & (found.similarity >= found.threshold) for found in results]
    false_positives = [found.non_mated >= found.threshold for found in results]
    yield MethodResult(
        method.name,
        enrolled,
        total,
        _share([found.own for found in results]),
        _share(own_rates),
        _share(false_positives),
        _share(decided),
    )


def _first(method: IdentificationMethod, probe: Embedding, gallery: Sequence[Candidate]) -> RankedPerson:
    """As the service does it: the method weighs those people whose nearest face is nearest."""
    nearest = np.array([(person.vectors @ probe.vector).max() for person in gallery])
    pool = np.argsort(-nearest, kind="stable")[: 1 if method.name == Nearest.name else RERANK_DEPTH]
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
