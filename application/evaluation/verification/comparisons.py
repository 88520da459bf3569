"""All comparisons of photos at given thresholds, told apart by the groups that the two photos are in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.estimates import Estimate, of_pairs, of_people

BLOCK = 2_000_000
"""Pairs of photos that are compared at a time."""

Pairing = tuple[int, int]
"""The numbers of two groups, the lower first; the same one twice for pairs within it."""


@dataclass(frozen=True, slots=True, eq=False)
class ErrorRates:
    """Of a verification at one threshold."""

    fmr: Estimate
    """Every pair of people weighs the same."""
    fnmr: Estimate
    """Every person weighs the same."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tally:
    """The comparisons of one set at one threshold; N photos with a face, K groups of all attributes together."""

    people: NDArray[np.intp]
    """N, numbered from 0."""
    members: NDArray[np.float32]
    """N x K: 1 where the photo is in the group."""
    counts: NDArray[np.float64]
    """P x K: the photos of each person in each group."""
    false_matches: NDArray[np.float64]
    """N x K: with how many other people in the group a photo matches; with photos of which half match, with half."""
    misses: NDArray[np.float64]
    """N x K: how many photos of its own person in the group a photo doesn't match."""

    def impostors(self, pairing: Pairing) -> tuple[NDArray[np.float64], ...]:
        """For each person the shares of false matches, summed over their pairs; the pairs; comparisons of photos."""
        events, pairs, compared = np.zeros((3, len(self.counts)))
        present = self.counts > 0
        everyone, photos = present.sum(axis=0), self.counts.sum(axis=0)
        for one, other in {pairing, pairing[::-1]}:
            rows = self.members[:, one] > 0
            weights = self.false_matches[rows, other] / self.counts[self.people[rows], one]
            events += np.bincount(self.people[rows], weights, len(self.counts))
            pairs += present[:, one] * (everyone[other] - present[:, other])
            compared += self.counts[:, one] * (photos[other] - self.counts[:, other])
        return events, pairs, compared / 2  # each comparison, once from either person

    def genuine(self, pairing: Pairing) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each person the misses, and the pairs of photos that were compared."""
        one, other = pairing
        rows = self.members[:, one] > 0
        missed = np.bincount(self.people[rows], self.misses[rows, other], len(self.counts))
        compared = self.counts[:, one] * (self.counts[:, other] - (one == other))
        twice = 2 if one == other else 1  # each pair, once from either photo
        return missed / twice, compared / twice


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All comparisons at one threshold. People of different sets are not compared."""

    tallies: Sequence[_Tally]

    def rates(self, pairings: Sequence[Pairing]) -> ErrorRates:
        """Of pairs of photos in any of these pairings, together."""
        if not pairings:
            nothing = Estimate(None, 0, 0, 0)
            return ErrorRates(nothing, nothing)
        impostors = [_total(map(tally.impostors, pairings)) for tally in self.tallies]
        genuine = [_total(map(tally.genuine, pairings)) for tally in self.tallies]
        events, pairs, comparisons = map(np.concatenate, zip(*impostors, strict=True))
        missed, compared = map(np.concatenate, zip(*genuine, strict=True))
        has = compared > 0
        return ErrorRates(
            of_pairs(events, pairs, round(comparisons.sum())),
            of_people(missed[has] / compared[has], round(compared.sum())),
        )


def _total(parts: Iterable[tuple[NDArray[np.float64], ...]]) -> list[NDArray[np.float64]]:
    return [np.sum(each, axis=0) for each in zip(*parts, strict=True)]


def compare_groups(
    sets: Sequence[EvaluationSet], attributes: Sequence[Attribute], thresholds: Sequence[float]
) -> list[Comparisons]:
    """Compare all photos with a face, within each set; one result a threshold.

    The groups of all attributes are numbered through, in their order: see `offsets`.
    """
    sizes = [len(attribute.values) for attribute in attributes]
    by_set = []
    for number, photos in enumerate(sets):
        members = np.zeros((len(photos.names), sum(sizes)), dtype=np.float32)
        for attribute, first in zip(attributes, offsets(attributes), strict=True):
            known = np.flatnonzero(attribute.codes[number] >= 0)
            members[known, first + attribute.codes[number][known]] = 1
        found = photos.found
        people = np.unique(photos.people[found], return_inverse=True)[1]
        by_set.append(_compare(photos.vectors[found], people, members[found], thresholds))
    return [Comparisons(tallies) for tallies in zip(*by_set, strict=True)]


def offsets(attributes: Sequence[Attribute]) -> list[int]:
    """The number of the first group of each attribute."""
    return [0, *accumulate(len(attribute.values) for attribute in attributes)][:-1]


def _compare(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    members: NDArray[np.float32],
    thresholds: Sequence[float],
) -> list[_Tally]:
    counts = np.zeros((people.max(initial=-1) + 1, members.shape[1]))
    np.add.at(counts, people, members)
    shares = np.divide(members, counts[people], out=np.zeros_like(members), where=members > 0)
    results = [
        (np.zeros(members.shape, dtype=np.float64), np.zeros(members.shape, dtype=np.float64))
        for _ in thresholds
    ]
    step = max(1, BLOCK // max(1, len(vectors)))
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        scores = vectors[rows] @ vectors.T
        same = people[rows, np.newaxis] == people
        own = same.copy()
        own[np.arange(len(own)), np.arange(start, start + len(own))] = False
        for threshold, (false_matches, misses) in zip(thresholds, results, strict=True):
            matches = scores >= threshold
            false_matches[rows] = (matches & ~same).astype(np.float32) @ shares
            misses[rows] = (own & ~matches).astype(np.float32) @ members
    return [_Tally(people, members, counts, *result) for result in results]
