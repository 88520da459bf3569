"""How often searches err for each group: half of the people are enrolled, everybody is searched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.differentials import Differential, differential
from application.evaluation.metrics.estimates import Estimate, of_people
from application.evaluation.metrics.identification import search
from application.evaluation.metrics.rates import Share
from application.evaluation.verification.group_rates import GroupSize, group_sizes

DRAWS = 20
"""Of those who are enrolled, and of the photo that each of them is enrolled with."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchRates:
    """Every person weighs the same. Intervals are of who is searched; they take the galleries as given."""

    fpir: Estimate
    """Searches of strangers' photos that name somebody."""
    tpir: Estimate
    """Searches of other photos of enrolled people that name the right person."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupSearches:
    """Searches of the photos of one group, in a gallery of all groups."""

    size: GroupSize
    rates: SearchRates


@dataclass(frozen=True, slots=True, eq=False)
class AttributeSearches:
    """What is told apart by one attribute."""

    attribute: str
    unknown: int
    """Photos whose group isn't known."""
    groups: tuple[GroupSearches, ...]
    false_positive: Differential | None
    """Of the FPIR."""
    false_negative: Differential | None
    """Of the false negative identification rate, 1 - TPIR."""


@dataclass(frozen=True, slots=True, eq=False)
class SearchesAt:
    """All rates at one threshold."""

    similarity: float
    configured: bool
    """Whether searches of the service have it; else it is the one that keeps to the target on this very set."""
    everybody: SearchRates
    attributes: tuple[AttributeSearches, ...]


@dataclass(frozen=True, slots=True, eq=False)
class HalfGalleries:
    """Searches with half of the people enrolled."""

    enrolled: int
    results: tuple[SearchesAt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Searches:
    """Of N photos in all draws."""

    people: NDArray[np.intp]
    """N, numbered from 0."""
    scores: NDArray[np.float32]
    """DRAWS x N: the similarity of whoever came first; NaN for the photo that is enrolled."""
    stranger: NDArray[np.bool_]
    """DRAWS x N: whether the photo's person is not enrolled."""
    right: NDArray[np.bool_]
    """DRAWS x N: whether its own person came first."""

    def rates(self, threshold: float, chosen: NDArray[np.bool_]) -> SearchRates:
        """Of some of the photos."""
        named = self.scores >= threshold
        searched = ~np.isnan(self.scores)
        return SearchRates(
            self._estimate(named & self.stranger, self.stranger, chosen),
            self._estimate(named & self.right, searched & ~self.stranger, chosen),
        )

    def threshold(self, fpir: float) -> float:
        """The least at which strangers, each person weighing the same, are named at a rate of at most `fpir`."""
        searches = np.bincount(self.people, self.stranger.sum(axis=0))
        weights = np.broadcast_to(1 / np.maximum(searches, 1)[self.people], self.scores.shape)[self.stranger]
        scores = self.scores[self.stranger]
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
    configured: Callable[[int], float | None],
    target_fpir: float,
) -> HalfGalleries:
    """Search for every photo but those that are enrolled.

    Args:
        photos: of four people or more.
        attributes: what they are told apart by.
        configured: the threshold of a search among so many people; None without calibration.
        target_fpir: what the threshold that is measured on this set keeps to.
    """
    found = photos.found
    people = np.unique(photos.people[found], return_inverse=True)[1]
    enrolled = (int(people.max()) + 1) // 2
    searches = _search(photos.vectors[found], people, enrolled)
    fixed = configured(enrolled)
    thresholds = [] if fixed is None else [(fixed, True)]
    thresholds.append((searches.threshold(target_fpir), False))
    everybody = np.ones(len(people), dtype=bool)
    return HalfGalleries(
        enrolled,
        tuple(
            SearchesAt(
                threshold,
                whether,
                searches.rates(threshold, everybody),
                tuple(_attribute(searches, threshold, attribute, photos) for attribute in attributes),
            )
            for threshold, whether in thresholds
        ),
    )


def _search(vectors: NDArray[np.float32], people: NDArray[np.intp], enrolled: int) -> _Searches:
    rng = np.random.default_rng(2)
    count = int(people.max()) + 1
    scores = np.zeros((DRAWS, len(people)), dtype=np.float32)
    stranger = np.zeros((DRAWS, len(people)), dtype=bool)
    right = np.zeros((DRAWS, len(people)), dtype=bool)
    for draw in range(DRAWS):
        shuffled = rng.permutation(len(people))
        photo = shuffled[np.unique(people[shuffled], return_index=True)[1]]  # one of each person
        chosen = rng.permutation(count)[:enrolled]
        nearest, scores[draw] = search(vectors, vectors[photo[chosen]])
        stranger[draw] = ~np.isin(people, chosen)
        right[draw] = chosen[nearest] == people
        scores[draw, photo[chosen]] = np.nan
    return _Searches(people, scores, stranger, right)


def _attribute(
    searches: _Searches, threshold: float, attribute: Attribute, photos: EvaluationSet
) -> AttributeSearches:
    (codes,) = attribute.codes
    sizes = group_sizes([photos], attribute)
    groups = tuple(
        GroupSearches(size, searches.rates(threshold, codes[photos.found] == number))
        for number, size in enumerate(sizes)
    )
    shares = {group.size.value: (group.rates.fpir.share, group.rates.tpir.share) for group in groups}
    return AttributeSearches(
        attribute.name,
        int((codes < 0).sum()),
        groups,
        differential({value: fpir for value, (fpir, _) in shares.items() if fpir is not None}),
        differential(
            {
                value: Share(1 - tpir.value, 1 - tpir.high, 1 - tpir.low)
                for value, (_, tpir) in shares.items()
                if tpir is not None
            }
        ),
    )
