"""Which way of weighing several faces of a person finds them best."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.galleries import Split, calibrated, parts
from application.evaluation.metrics import Share, threshold_at
from application.recognition import RERANK_DEPTH
from domain.faces import Embedding
from domain.identification import Candidate, RankedPerson
from domain.methods import METHODS, IdentificationMethod, Nearest
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION, Face, FaceId, ProfileId

PHOTOS = (3, 5)
"""That are enrolled of each person."""
PROBES = 3
"""Photos of an enrolled person that are searched, at most."""


@dataclass(frozen=True, slots=True)
class MethodResult:
    """Searches with one method."""

    method: str
    photos: int
    """Enrolled of each person."""
    people: int
    """Enrolled, in two galleries."""
    rank1: Share
    """Probes of enrolled people whose own person came first."""
    tpir: Share
    """The same, and more similar than all but the given share of strangers."""
    decided_fpir: Share
    """Strangers who are taken for somebody at the threshold that was set beforehand, from other people."""
    decided_tpir: Share
    """Enrolled people who are rightly named at it."""


def compare_methods(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    models: ModelChoice,
    target: tuple[float, float],
) -> tuple[MethodResult, ...]:
    """All methods; each half of the people gives the thresholds for the other.

    Enrolled is everyone with more photos than are enrolled; the others are strangers. For comparison the same
    people are searched with one photo enrolled. See `calibrated` for the arguments.
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
    """Whether the probe's person came first; one a probe of somebody enrolled."""
    similarity: NDArray[np.float64]
    """Of the first; likewise."""
    strangers: NDArray[np.float64]
    """Of the first, one a stranger."""
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
    """One result, or none when nobody has photos enough or nobody is a stranger."""
    results = []
    total = 0
    for split in splits:
        own = [
            split.measured[people[split.measured] == person] for person in np.unique(people[split.measured])
        ]
        rich, poor = (
            [rows for rows in own if len(rows) > photos],
            [rows for rows in own if len(rows) <= photos],
        )
        if not rich or not poor:
            return
        total += len(rich)
        gallery = [_candidate(number, vectors[rows[:enrolled]], model) for number, rows in enumerate(rich)]
        probes = [(number, row) for number, rows in enumerate(rich) for row in rows[photos : photos + PROBES]]
        first = [_first(method, Embedding(vectors[row], model), gallery) for _, row in probes]
        strange = [_first(method, Embedding(vectors[rows[0]], model), gallery) for rows in poor]
        results.append(
            _Searches(
                np.array([who.profile_id == number for who, (number, _) in zip(first, probes, strict=True)]),
                np.array([who.similarity for who in first]),
                np.array([who.similarity for who in strange]),
                split.policy.identification(
                    model, len(gallery), comparisons=method.comparisons(enrolled)
                ).similarity,
            )
        )
    fpir = splits[0].policy.target_fpir
    own_rates = [found.own & (found.similarity >= threshold_at(found.strangers, fpir)) for found in results]
    decided = [found.own & (found.similarity >= found.threshold) for found in results]
    mistaken = [found.strangers >= found.threshold for found in results]
    yield MethodResult(
        method.name,
        enrolled,
        total,
        _share([found.own for found in results]),
        _share(own_rates),
        _share(mistaken),
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
