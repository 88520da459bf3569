"""Rates of people who are compared with each other, and how certain they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.rates import Share

LEAST_PEOPLE = 10
"""With fewer people, a rate says more about them than about their group, and none is reported."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A rate in which each person, or each pair of people, weighs the same, however many photos they have."""

    share: Share | None
    """None with too few people."""
    people: int
    """Number of people that it is of."""
    trials: int
    """Number of pairs of people, or of people."""
    comparisons: int
    """Number of pairs of photos, or of searches."""

    @property
    def errorless(self) -> bool:
        """Whether there was no error, so that only the upper bound is known."""
        return self.share is not None and self.share.value == 0


def of_pairs(events: NDArray[np.float64], pairs: NDArray[np.float64], comparisons: int) -> Estimate:
    """The share of pairs of people.

    Args:
        events: for each person the sum over their pairs of the shares of comparisons in question.
        pairs: for each person the pairs that they are in.
        comparisons: pairs of photos.
    """
    return _estimate(events, pairs, comparisons, shared=2)


def of_people(rates: NDArray[np.float64], comparisons: int) -> Estimate:
    """The mean of people's own rates."""
    return _estimate(rates, np.ones(len(rates)), comparisons, shared=1)


def _estimate(
    events: NDArray[np.float64], trials: NDArray[np.float64], comparisons: int, shared: int
) -> Estimate:
    """Wilson's interval with the effective number of independent trials.

    Pairs with a person in common are not independent, and some people are confused more than others, so that the
    variance is the jackknife's that leaves out one person after the other (Arvesen, 1969, for such statistics). It
    gives the trials with which a binomial share would vary as much. They are at most those that were made, as long as
    few people err and the variance is uncertain itself, and at most the comparisons after that.
    """
    taking = trials > 0
    events, trials = events[taking], trials[taking]
    people, total = len(trials), float(trials.sum() / shared)
    # Two people whose photos meet in several pairs of groups are one pair of people.
    made = min(total, people * (people - 1) / 2) if shared > 1 else people
    # Kish's: where three people are compared with a hundred, it is little more than these three that tell.
    if people < LEAST_PEOPLE or trials.sum() ** 2 / np.square(trials).sum() < LEAST_PEOPLE:
        return Estimate(None, people, round(made), comparisons)
    rate = min(1.0, float(events.sum() / shared / total))
    erring = min((events > 0).sum(), (events < trials).sum())
    effective = float(made)
    if 0 < rate < 1 and erring > shared:
        without = (events.sum() / shared - events) / (total - trials)
        variance = float((people - 1) / people * np.square(without - without.mean()).sum())
        most = made if erring < LEAST_PEOPLE else max(made, comparisons)
        effective = min(max(1.0, rate * (1 - rate) / max(variance, 1e-300)), float(most))
    return Estimate(Share.estimated(rate, effective), people, round(made), comparisons)
