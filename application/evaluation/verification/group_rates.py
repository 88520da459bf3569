"""False matches and false non-matches for each group of people or photos, and across groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.differentials import Differential, differential
from application.evaluation.metrics.estimates import Estimate
from application.evaluation.verification.comparisons import Comparisons, ErrorRates, compare_groups, offsets

_EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class GroupSize:
    """Who is in a group."""

    value: str
    people: int
    photos: int
    undetected: int
    """Photos without a face, which are compared with nothing: failures to acquire."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupRates:
    """Of comparisons within one group."""

    size: GroupSize
    rates: ErrorRates
    fnmr_with_any: Estimate
    """Of photos of the group with any of the same person whose group is known: where photos are told apart, such as
    by view, and not people, few people may have two photos in one group."""


@dataclass(frozen=True, slots=True, eq=False)
class CrossRates:
    """Of comparisons of photos of one group with those of another."""

    first: str
    second: str
    rates: ErrorRates


@dataclass(frozen=True, slots=True, eq=False)
class AttributeRates:
    """What is told apart by one attribute."""

    attribute: str
    unknown: int
    """Photos whose group isn't known; they take no part."""
    within: tuple[GroupRates, ...]
    across: tuple[CrossRates, ...]
    """Every two groups."""
    same: ErrorRates
    """Of all comparisons within groups."""
    different: ErrorRates
    """Of all comparisons across groups."""
    false_positive: Differential | None
    """Of the false match rates within groups."""
    false_negative: Differential | None
    """Of the false non-match rates of each group with any photo."""


@dataclass(frozen=True, slots=True, eq=False)
class RatesAt:
    """All rates at one threshold."""

    everybody: ErrorRates
    attributes: tuple[AttributeRates, ...]


def measure_groups(
    sets: Sequence[EvaluationSet], attributes: Sequence[Attribute], thresholds: Sequence[float]
) -> list[RatesAt]:
    """One result a threshold; attributes that are not known of a photo leave it out of theirs only."""
    everybody = Attribute(
        _EVERYBODY, (_EVERYBODY,), tuple(np.zeros(len(photos.names), dtype=np.intp) for photos in sets)
    )
    told_apart = [everybody, *attributes]
    numbered = list(zip(told_apart, offsets(told_apart), strict=True))[1:]
    sizes = [group_sizes(sets, attribute) for attribute in attributes]
    return [
        RatesAt(
            compared.rates([(0, 0)]),
            tuple(
                _rates(compared, sets, attribute, first, size)
                for (attribute, first), size in zip(numbered, sizes, strict=True)
            ),
        )
        for compared in compare_groups(sets, told_apart, thresholds)
    ]


def _rates(
    compared: Comparisons,
    sets: Sequence[EvaluationSet],
    attribute: Attribute,
    first: int,
    sizes: Sequence[GroupSize],
) -> AttributeRates:
    numbers = range(first, first + len(attribute.values))
    inside, outside = [(number, number) for number in numbers], list(combinations(numbers, 2))
    within = tuple(
        GroupRates(
            size,
            compared.rates([(number, number)]),
            compared.rates([(min(number, other), max(number, other)) for other in numbers]).fnmr,
        )
        for size, number in zip(sizes, numbers, strict=True)
    )
    return AttributeRates(
        attribute.name,
        sum(len(photos.names) for photos in sets) - sum(size.photos for size in sizes),
        within,
        tuple(
            CrossRates(
                attribute.values[one - first], attribute.values[other - first], compared.rates([(one, other)])
            )
            for one, other in outside
        ),
        compared.rates(inside),
        compared.rates(outside),
        differential_of({each.size.value: each.rates.fmr for each in within}),
        differential_of({each.size.value: each.fnmr_with_any for each in within}),
    )


def differential_of(estimates: dict[str, Estimate]) -> Differential | None:
    """Of those groups that have people enough."""
    return differential(
        {value: estimate.share for value, estimate in estimates.items() if estimate.share is not None}
    )


def group_sizes(sets: Sequence[EvaluationSet], attribute: Attribute) -> list[GroupSize]:
    """One a value, in their order."""
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
