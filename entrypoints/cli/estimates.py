"""Estimates and differentials, as commands print them."""

from application.evaluation.metrics.differentials import Differential
from application.evaluation.metrics.estimates import Estimate
from application.evaluation.verification.group_rates import GroupSize


def machine(estimate: Estimate, trials: str) -> dict[str, object]:
    """For JSON; rate and interval are null where there are too few people. `trials` says of what the rate is."""
    share = estimate.share
    return {
        "rate": share and share.value,
        "interval": share and (share.low, share.high),
        "people": estimate.people,
        trials: estimate.trials,
        "comparisons": estimate.comparisons,
    }


def size_machine(size: GroupSize) -> dict[str, object]:
    """For JSON: which group, and how many are in it."""
    return {
        "value": size.value,
        "people": size.people,
        "photos": size.photos,
        "undetected": size.undetected,
    }


def text(estimate: Estimate) -> str:
    """A rate and its interval, or that there is none."""
    share = estimate.share
    if share is None:
        return f"too few people ({estimate.people})"
    if estimate.errorless:
        return f"0, at most {percent(share.high)}"
    return f"{percent(share.value)} [{percent(share.low)}, {percent(share.high)}]"


def percent(rate: float) -> str:
    """Three digits that count: rates of error are small."""
    return f"{100 * rate:.3g}%"


def differential_machine(found: Differential | None) -> dict[str, object] | None:
    """For JSON."""
    if found is None:
        return None
    return {
        "groups": found.groups,
        "worst": found.worst,
        "best": found.best,
        "difference": found.difference,
        "ratio": found.ratio,
        "ratio_to_geometric_mean": found.ratio_to_geometric_mean,
        "gini": found.gini,
        "ratios_are_lower_bounds": found.at_least,
        "intervals_disjoint": found.certain,
    }


def differential_text(name: str, found: Differential | None) -> str:
    """One line."""
    if found is None:
        return f"  {name}: none, for it takes an error, and two groups that have people enough"
    least = "at least " if found.at_least else ""
    ratios = (
        "no other group is known well enough for a ratio"
        if found.ratio is None or found.ratio_to_geometric_mean is None
        else f"{least}{found.ratio:.3g} times, {least}{found.ratio_to_geometric_mean:.3g} times the geometric mean"
    )
    return (
        f"  {name}: {found.worst} over {found.best}"
        f" ({'their intervals are apart' if found.certain else 'their intervals overlap'}): {ratios};"
        f" difference {percent(found.difference)}; Gini {found.gini:.2f} of {found.groups} groups"
    )
