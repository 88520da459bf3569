"""Error rates of searches for each group: half of the people are enrolled, everybody is searched for."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.decisions import DecisionPolicy
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.differentials import differential
from application.evaluation.metrics.estimates import Estimate, of_people
from application.evaluation.metrics.group_rates import (
    AttributeRates,
    GroupRates,
    OperatingThreshold,
    RatesAt,
    differential_of,
    group_sizes,
)
from application.evaluation.metrics.identification import nearest
from application.evaluation.metrics.rates import Share
from domain.errors import ModelNotCalibrated

DRAWS = 20
"""Of the people who are enrolled, and of the photo that each of them is enrolled with."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchRates:
    """Every person weighs the same. Intervals are of who is searched; they take the galleries as given."""

    fpir: Estimate
    """Searches for photos of people who aren't enrolled that name somebody."""
    tpir: Estimate
    """Searches for other photos of enrolled people that name the right person."""


@dataclass(frozen=True, slots=True, eq=False)
class HalfGalleries:
    """Searches with half of the people enrolled."""

    enrolled: int
    results: tuple[RatesAt[SearchRates], ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Searches:
    """Searches for N photos in all draws."""

    people: NDArray[np.intp]
    """N, numbered from 0."""
    scores: NDArray[np.float32]
    """DRAWS x N: the similarity of rank 1; NaN for the photo that is enrolled."""
    non_mated: NDArray[np.bool_]
    """DRAWS x N: whether the photo's person is not enrolled."""
    right: NDArray[np.bool_]
    """DRAWS x N: whether its own person is at rank 1."""

    def rates(self, threshold: float, chosen: NDArray[np.bool_]) -> SearchRates:
        """Of some of the photos."""
        named = self.scores >= threshold
        searched = ~np.isnan(self.scores)
        return SearchRates(
            self._estimate(named & self.non_mated, self.non_mated, chosen),
            self._estimate(named & self.right, searched & ~self.non_mated, chosen),
        )

    def threshold(self, fpir: float) -> float:
        """The least with an FPIR of at most `fpir`, each person weighing the same."""
        searches = np.bincount(self.people, self.non_mated.sum(axis=0))
        weights = np.broadcast_to(1 / np.maximum(searches, 1)[self.people], self.scores.shape)[self.non_mated]
        scores = self.scores[self.non_mated]
        order = np.argsort(-scores)
        above = np.cumsum(weights[order]) / weights.sum()
        first = int(np.searchsorted(above, fpir + 1e-12, side="right"))
        return float(np.nextafter(scores[order][first], np.float32(2))) if first < len(order) else -1.0

    def _estimate(
        self, events: NDArray[np.bool_], trials: NDArray[np.bool_], chosen: NDArray[np.bool_]
    ) -> Estimate:
        people = self.people[chosen]
        erred, searched = (np.bincount(people, each.sum(axis=0)[chosen]) for each in (events, trials))
        has = searched > 0
        return of_people(erred[has] / searched[has], round(searched.sum()))


def measure_searches(
    photos: EvaluationSet,
    attributes: Sequence[Attribute],
    policy: DecisionPolicy,
    model: str,
) -> HalfGalleries:
    """Search for every photo of a set of four people or more, but those that are enrolled.

    The policy has the target rate, and the service's threshold, if the model is calibrated.
    """
    found = photos.found
    people = np.unique(photos.people[found], return_inverse=True)[1]
    enrolled = (int(people.max()) + 1) // 2
    searches = _search(photos.vectors[found], people, enrolled)
    target = policy.target_fpir
    thresholds = [OperatingThreshold(searches.threshold(target), target, configured=False)]
    with contextlib.suppress(ModelNotCalibrated):
        similarity = policy.identification(model, enrolled).similarity
        thresholds.insert(0, OperatingThreshold(similarity, target, configured=True))
    everybody = np.ones(len(people), dtype=bool)
    return HalfGalleries(
        enrolled,
        tuple(
            RatesAt(
                threshold,
                searches.rates(threshold.similarity, everybody),
                tuple(
                    _attribute(searches, threshold.similarity, attribute, photos) for attribute in attributes
                ),
            )
            for threshold in thresholds
        ),
    )


def _search(vectors: NDArray[np.float32], people: NDArray[np.intp], enrolled: int) -> _Searches:
    rng = np.random.default_rng(2)
    count = int(people.max()) + 1
    scores = np.zeros((DRAWS, len(people)), dtype=np.float32)
    non_mated, right = np.zeros((2, DRAWS, len(people)), dtype=bool)
    for draw in range(DRAWS):
        shuffled = rng.permutation(len(people))
        photo = shuffled[np.unique(people[shuffled], return_index=True)[1]]  # one of each person
        chosen = rng.permutation(count)[:enrolled]
        found, scores[draw] = nearest(vectors, vectors[photo[chosen]])
        non_mated[draw] = ~np.isin(people, chosen)
        right[draw] = chosen[found] == people
        scores[draw, photo[chosen]] = np.nan
    return _Searches(people, scores, non_mated, right)


def _attribute(
    searches: _Searches, threshold: float, attribute: Attribute, photos: EvaluationSet
) -> AttributeRates[SearchRates]:
    (codes,) = attribute.codes
    groups = tuple(
        GroupRates(size, searches.rates(threshold, codes[photos.found] == number))
        for number, size in enumerate(group_sizes([photos], attribute))
    )
    missed = {
        group.size.value: Share(1 - tpir.value, 1 - tpir.high, 1 - tpir.low)
        for group in groups
        if (tpir := group.rates.tpir.share) is not None
    }
    return AttributeRates(
        attribute.name,
        int((codes < 0).sum()),
        groups,
        differential_of({group.size.value: group.rates.fpir for group in groups}),
        differential(missed),
    )
