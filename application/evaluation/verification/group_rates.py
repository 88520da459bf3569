"""False matches and false non-matches for each group of people or photos, and across groups."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.groups import Attribute
from application.evaluation.metrics.group_rates import (
    AttributeRates,
    GroupRates,
    GroupSize,
    OperatingThreshold,
    RatesAt,
    differential_of,
    group_sizes,
)
from application.evaluation.verification.comparisons import (
    Comparisons,
    VerificationRates,
    compare_groups,
    offsets,
)


@dataclass(frozen=True, slots=True, eq=False)
class CrossRates:
    """Of comparisons of photos of one group with those of another."""

    first: str
    second: str
    rates: VerificationRates


@dataclass(frozen=True, slots=True, eq=False)
class ComparedGroups(AttributeRates[VerificationRates]):
    """The groups of one attribute, with comparisons within and across them."""

    across: tuple[CrossRates, ...]
    """Every two groups."""
    same: VerificationRates
    """Of all comparisons within groups."""
    different: VerificationRates
    """Of all comparisons across groups."""


def measure_groups(
    sets: Sequence[EvaluationSet], attributes: Sequence[Attribute], thresholds: Sequence[OperatingThreshold]
) -> list[RatesAt[VerificationRates]]:
    """One result for each threshold; photos of which an attribute is unknown are left out of its rates only."""
    everybody = Attribute(
        "everybody", ("everybody",), tuple(np.zeros(len(photos.names), dtype=np.intp) for photos in sets)
    )
    all_attributes = [everybody, *attributes]
    numbered = list(zip(attributes, offsets(all_attributes)[1:], strict=True))
    sizes = [group_sizes(sets, attribute) for attribute in attributes]
    photos = sum(len(each.names) for each in sets)
    compared = compare_groups(sets, all_attributes, [threshold.similarity for threshold in thresholds])
    return [
        RatesAt(
            threshold,
            comparisons.rates([(0, 0)]),
            tuple(
                _rates(comparisons, attribute, first, size, photos)
                for (attribute, first), size in zip(numbered, sizes, strict=True)
            ),
        )
        for threshold, comparisons in zip(thresholds, compared, strict=True)
    ]


def _rates(
    compared: Comparisons, attribute: Attribute, first: int, sizes: Sequence[GroupSize], photos: int
) -> ComparedGroups:
    values = dict(enumerate(attribute.values, first))
    inside, outside = [(number, number) for number in values], list(combinations(values, 2))
    groups, with_any = [], {}
    for size, number in zip(sizes, values, strict=True):
        pairings = [(min(number, other), max(number, other)) for other in values]
        with_any[size.value] = compared.rates(pairings).fnmr
        within = replace(compared.rates([(number, number)]), fnmr_with_any_group=with_any[size.value])
        groups.append(GroupRates(size, within))
    return ComparedGroups(
        attribute=attribute.name,
        unknown=photos - sum(size.photos for size in sizes),
        groups=tuple(groups),
        false_positive=differential_of({each.size.value: each.rates.fmr for each in groups}),
        false_negative=differential_of(with_any),
        across=tuple(
            CrossRates(values[one], values[other], compared.rates([(one, other)])) for one, other in outside
        ),
        same=compared.rates(inside),
        different=compared.rates(outside),
    )
