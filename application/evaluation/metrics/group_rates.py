"""Error rates at a threshold, over everybody and for each group of people or photos."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.differentials import Differential, differential
from application.evaluation.metrics.estimates import Estimate

RatesT = TypeVar("RatesT")
"""The rates of a verification or of a search: a dataclass of Estimates."""


@dataclass(frozen=True, slots=True)
class OperatingThreshold:
    """A threshold that rates are measured at."""

    similarity: float
    target: float
    """The rate of false matches, or of false positive identifications, that it is meant for."""
    configured: bool
    """Whether it is the service's, for an average population; else it is the one that keeps to the target on the very
    photos that are measured."""


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Who is in a group."""

    value: str
    people: int
    photos: int
    undetected: int
    """Photos without a face, which are compared with nothing: failures to acquire."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupRates(Generic[RatesT]):
    """The rates of one group."""

    size: GroupSize
    rates: RatesT


@dataclass(frozen=True, slots=True, eq=False)
class AttributeRates(Generic[RatesT]):
    """The rates of all groups of one attribute."""

    attribute: str
    unknown: int
    """Photos whose group isn't known; they take no part."""
    groups: tuple[GroupRates[RatesT], ...]
    false_positive: Differential | None
    """Of the false match rates within groups, or of the false positive identification rates."""
    false_negative: Differential | None
    """Of the false non-match rates with any group, or of the false negative identification rates, 1 - TPIR."""


@dataclass(frozen=True, slots=True, eq=False)
class RatesAt(Generic[RatesT]):
    """All rates at one threshold."""

    threshold: OperatingThreshold
    everybody: RatesT
    attributes: tuple[AttributeRates[RatesT], ...]


def differential_of(estimates: Mapping[str, Estimate]) -> Differential | None:
    """Of the groups that have enough people."""
    return differential(
        {value: estimate.share for value, estimate in estimates.items() if estimate.share is not None}
    )


def group_sizes(sets: Sequence[EvaluationSet], attribute: Attribute) -> list[GroupSize]:
    """One for each value of the attribute, in their order."""
    sizes = []
    for number, value in enumerate(attribute.values):
        groups = [photos.take(codes == number) for photos, codes in zip(sets, attribute.codes, strict=True)]
        sizes.append(
            GroupSize(
                value,
                sum(len(set(group.names)) for group in groups),
                sum(len(group.names) for group in groups),
                sum(len(group.undetected) for group in groups),
            )
        )
    return sizes
