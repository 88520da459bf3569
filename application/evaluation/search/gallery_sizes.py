"""The false positive identification rate of searches, by the number of people enrolled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from application.decisions import DecisionPolicy
from application.evaluation.calibration.calibrate import fit
from application.evaluation.metrics.normalisation import normalise
from domain.models import ModelChoice

SIZES = (10, 100, 1000)
"""People enrolled; besides, everybody but the person who is searched for."""
DRAWS = 20
"""Galleries that are drawn at random for each size and split."""
PARTS = 5
"""That the people are split into: two calibrate, three are measured, in all ten ways."""


@dataclass(frozen=True, slots=True)
class GalleryResult:
    """Non-mated searches of galleries of one size."""

    people: int
    """Enrolled, with one photo each; in galleries of everybody, the mean over the splits."""
    fpir: float
    """The share of searches that name somebody, at the threshold for this number of people."""
    least: float
    """The same in the split where it is lowest, and where it is highest."""
    greatest: float
    fixed: float
    """The share at the threshold of a verification, which doesn't depend on the number of people."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """People who calibrate and others who are measured."""

    policy: DecisionPolicy
    """With thresholds from those who calibrate."""
    measured: NDArray[np.intp]
    """The photos of the others, by index."""


def calibrated(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    fitted: NDArray[np.bool_],
    models: ModelChoice,
    target: tuple[float, float],
) -> Split:
    """A policy that is fitted on some photos; the others are to be measured.

    Args:
        vectors: N x D, unit norm.
        people: N, which person each photo shows.
        fitted: N, the photos of the people who calibrate.
        models: of the vectors.
        target: the false match rate of a verification and the false positive identification rate of a search.

    Raises:
        EvaluationError: there are too few people.
    """
    table = fit([normalise("other people", vectors[fitted], people[fitted])], models, "other people")
    return Split(DecisionPolicy({table.model: table}.get, *target, margin=0), np.flatnonzero(~fitted))


def parts(people: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """N, in which of so many parts each photo's person is; drawn at random, alike each time."""
    order = np.random.default_rng(0).permutation(int(people.max()) + 1)
    return (order % count)[people]


def measure_galleries(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    models: ModelChoice,
    target: tuple[float, float],
) -> tuple[GalleryResult, ...]:
    """One result for each size that leaves enough people to search for; see `calibrated` for the arguments."""
    part = parts(people, PARTS)
    splits = [
        calibrated(vectors, people, np.isin(part, fitted), models, target)
        for fitted in combinations(range(PARTS), 2)
    ]
    rng = np.random.default_rng(1)
    tallies: dict[int, list[tuple[int, float, float]]] = {size: [] for size in (*SIZES, 0)}
    for split in splits:
        photos, numbers = vectors[split.measured], people[split.measured]
        similarities = photos @ photos.T
        for size, tally in tallies.items():
            rates = list(_searches(split.policy, models.recognition, similarities, numbers, size, rng))
            if rates:
                enrolled, fpir, fixed = map(float, np.mean(rates, axis=0))
                tally.append((round(enrolled), fpir, fixed))
    return tuple(_result(tally) for tally in tallies.values() if tally)


def _searches(
    policy: DecisionPolicy,
    model: str,
    similarities: NDArray[np.float32],
    people: NDArray[np.intp],
    size: int,
    rng: np.random.Generator,
) -> Iterator[tuple[int, float, float]]:
    """For each draw the people enrolled, the FPIR at the threshold for their number, and that at a fixed threshold.

    A size of 0 enrols everybody but the person who is searched for.
    """
    everyone = len(np.unique(people))
    if size > everyone * 0.9:
        return
    for _ in range(DRAWS):
        shuffled = rng.permutation(len(people))
        chosen = shuffled[np.unique(people[shuffled], return_index=True)[1]]  # a photo a person
        rng.shuffle(chosen)
        if size:
            nearest = similarities[np.ix_(chosen[size:], chosen[:size])].max(axis=1)
        else:
            square = similarities[np.ix_(chosen, chosen)]
            np.fill_diagonal(square, -1)
            nearest = square.max(axis=1)
        searched = size or everyone - 1
        thresholds = policy.identification(model, searched), policy.verification(model)
        adapted, fixed = (float((nearest >= each.similarity).mean()) for each in thresholds)
        yield searched, adapted, fixed


def _result(tally: Sequence[tuple[int, float, float]]) -> GalleryResult:
    people, rates, fixed = zip(*tally, strict=True)
    return GalleryResult(
        round(float(np.mean(people))), float(np.mean(rates)), min(rates), max(rates), float(np.mean(fixed))
    )
