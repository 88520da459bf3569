"""All comparisons of photos at given thresholds, counted by the groups that the two photos are in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.estimates import Estimate, of_pairs, of_people
from application.evaluation.metrics.photo_pairs import row_blocks

Pairing = tuple[int, int]
"""The numbers of two groups, the lower first; the same one twice for pairs within it."""


@dataclass(frozen=True, slots=True, eq=False)
class VerificationRates:
    """Of a verification at one threshold."""

    fmr: Estimate
    """Every pair of people weighs the same."""
    fnmr: Estimate
    """Every person weighs the same."""
    fnmr_with_any_group: Estimate | None = None
    """Of photos of a group with any of the same person whose group is known: where groups are of photos, such as
    views, few people may have two photos in one group."""


@dataclass(frozen=True, slots=True, eq=False)
class SetComparisons:
    """The comparisons of one set at one threshold; N photos with a face, K groups of all attributes together."""

    people: NDArray[np.intp]
    """N, numbered from 0."""
    members: NDArray[np.float32]
    """N x K: 1 where the photo is in the group."""
    counts: NDArray[np.float64]
    """P x K: the photos of each person in each group."""
    false_matches: NDArray[np.float64]
    """N x K: with how many other people in the group a photo matches; a person half of whose photos match counts as
    half."""
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
        return events, pairs, compared / 2  # each comparison was counted from either person

    def genuine(self, pairing: Pairing) -> tuple[NDArray[np.float64], ...]:
        """For each person the misses, and the pairs of photos that were compared."""
        one, other = pairing
        rows = self.members[:, one] > 0
        missed = np.bincount(self.people[rows], self.misses[rows, other], len(self.counts))
        compared = self.counts[:, one] * (self.counts[:, other] - (one == other))
        twice = 2 if one == other else 1  # each pair was counted from either photo
        return missed / twice, compared / twice


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """All comparisons at one threshold. People of different sets are not compared."""

    sets: Sequence[SetComparisons]

    def rates(self, pairings: Sequence[Pairing]) -> VerificationRates:
        """Of pairs of photos in any of these pairings, together."""
        if not pairings:
            nothing = Estimate(None, 0, 0, 0)
            return VerificationRates(nothing, nothing)
        impostors = [_total(map(each.impostors, pairings)) for each in self.sets]
        genuine = [_total(map(each.genuine, pairings)) for each in self.sets]
        events, pairs, comparisons = map(np.concatenate, zip(*impostors, strict=True))
        missed, compared = map(np.concatenate, zip(*genuine, strict=True))
        has = compared > 0
        return VerificationRates(
            of_pairs(events, pairs, round(comparisons.sum())),
            of_people(missed[has] / compared[has], round(compared.sum())),
        )


def _total(parts: Iterable[tuple[NDArray[np.float64], ...]]) -> list[NDArray[np.float64]]:
    return [np.sum(each, axis=0) for each in zip(*parts, strict=True)]


def compare_groups(
    sets: Sequence[EvaluationSet], attributes: Sequence[Attribute], thresholds: Sequence[float]
) -> list[Comparisons]:
    """Compare all photos with a face, within each set; one result for each threshold.

    The groups of all attributes are numbered in their order: see `offsets`.
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
    return [Comparisons(each) for each in zip(*by_set, strict=True)]


def offsets(attributes: Sequence[Attribute]) -> list[int]:
    """The number of the first group of each attribute."""
    return [0, *accumulate(len(attribute.values) for attribute in attributes)][:-1]


def _compare(
    vectors: NDArray[np.float32],
    people: NDArray[np.intp],
    members: NDArray[np.float32],
    thresholds: Sequence[float],
) -> list[SetComparisons]:
    counts = np.zeros((people.max(initial=-1) + 1, members.shape[1]))
    np.add.at(counts, people, members)
    shares = np.divide(members, counts[people], out=np.zeros_like(members), where=members > 0)
    results = [SetComparisons(people, members, counts, *np.zeros((2, *members.shape))) for _ in thresholds]
    for rows in row_blocks(len(vectors)):
        scores = vectors[rows] @ vectors.T
        same = people[rows, np.newaxis] == people
        own = same.copy()
        own[np.arange(len(own)), np.arange(rows.start, rows.start + len(own))] = False
        for threshold, found in zip(thresholds, results, strict=True):
            matches = scores >= threshold
            found.false_matches[rows] = (matches & ~same).astype(np.float32) @ shares
            found.misses[rows] = (own & ~matches).astype(np.float32) @ members
    return results
