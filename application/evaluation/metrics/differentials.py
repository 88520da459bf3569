"""How much a rate of error differs among groups.

ISO/IEC 19795-10:2024 calls this differential performance; false positive and false negative differentials are the
terms of NIST IR 8280 (Grother, Ngan and Hanaoka, "Demographic Effects", 2019). NIST IR 8429 ("Summarizing Demographic
Differentials", 2022) discusses the summaries: largest over smallest, largest over geometric mean, Gini coefficient.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.rates import Share


@dataclass(frozen=True, slots=True)
class Differential:
    """One rate of error in several groups."""

    groups: int
    worst: str
    """The group whose rate is greatest."""
    best: str
    """The group whose rate is least."""
    difference: float
    """Greatest less least rate."""
    ratio: float | None
    """Greatest over least; None when no other group's rate is known well enough."""
    ratio_to_geometric_mean: float | None
    """Greatest over the geometric mean of all; None likewise."""
    gini: float
    """Gini coefficient of the rates, times n / (n - 1): 0 when all are equal, 1 when one group has all errors."""
    at_least: bool
    """Some group had no error: the upper bound of its interval stands for its rate in both ratios, which are then the
    least that they can be; groups whose bound is above the greatest rate are left out of them."""
    certain: bool
    """Whether the intervals of the worst and of the best group don't overlap."""


def differential(rates: Mapping[str, Share]) -> Differential | None:
    """Of groups by name; None for fewer than two, or when nobody erred."""
    if len(rates) < 2 or not any(share.value for share in rates.values()):  # noqa: PLR2004
        return None
    worst = max(rates, key=lambda group: rates[group].value)
    # Of several without any error the one that most is known of.
    best = min(rates, key=lambda group: (rates[group].value, rates[group].high))
    greatest = rates[worst].value
    known = [share.value or share.high for share in rates.values()]
    bounded = [value for value in known if value <= greatest]
    comparable = len(bounded) > 1
    return Differential(
        groups=len(rates),
        worst=worst,
        best=best,
        difference=greatest - rates[best].value,
        ratio=greatest / min(bounded) if comparable else None,
        ratio_to_geometric_mean=greatest / math.exp(float(np.log(bounded).mean())) if comparable else None,
        gini=_gini(np.array([share.value for share in rates.values()])),
        at_least=any(share.value == 0 for share in rates.values()),
        certain=rates[worst].low > rates[best].high,
    )


def _gini(values: NDArray[np.float64]) -> float:
    count = len(values)
    mean_difference = np.abs(values[:, np.newaxis] - values).sum() / (count * (count - 1))
    return float(mean_difference / (2 * values.mean()))
