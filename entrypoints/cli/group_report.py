"""Error rates at a threshold, over everybody and by group, as `evaluate` and `evaluate-search` print them."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TypeAlias

from application.evaluation.metrics.differentials import Differential
from application.evaluation.metrics.estimates import Estimate
from application.evaluation.metrics.group_rates import AttributeRates, RatesAt
from application.evaluation.search.half_galleries import SearchRates
from application.evaluation.verification.comparisons import VerificationRates
from application.evaluation.verification.group_rates import ComparedGroups, CrossRates
from entrypoints.cli.figures import interval, table

Rates: TypeAlias = VerificationRates | SearchRates
AnyRatesAt: TypeAlias = RatesAt[VerificationRates] | RatesAt[SearchRates]
AnyAttribute: TypeAlias = AttributeRates[VerificationRates] | AttributeRates[SearchRates]

MOST_CROSSES = 10
"""Pairs of groups that the table shows; JSON has all."""
TITLES = {
    "fmr": "FMR within the group",
    "fnmr": "FNMR within the group",
    "fnmr_with_any_group": "FNMR with any group",
    "fpir": "FPIR",
    "tpir": "TPIR",
}


def as_machine(found: AnyRatesAt) -> dict[str, object]:
    """For JSON; rates are 0..1."""
    return {
        "threshold": found.threshold.similarity,
        "configured": found.threshold.configured,
        f"target_{_first(found.everybody)}": found.threshold.target,
        **_rates_machine(found.everybody),
        "attributes": [_attribute_machine(attribute) for attribute in found.attributes],
    }


def _estimates(rates: Rates) -> dict[str, Estimate]:
    values = {field.name: getattr(rates, field.name) for field in fields(rates)}
    return {name: estimate for name, estimate in values.items() if estimate is not None}


def _first(rates: Rates) -> str:
    return next(iter(_estimates(rates)))


def _rates_machine(rates: Rates) -> dict[str, object]:
    return {name: _estimate_machine(name, estimate) for name, estimate in _estimates(rates).items()}


def _estimate_machine(name: str, estimate: Estimate) -> dict[str, object]:
    """Rate and interval are null where there are too few people."""
    share = estimate.share
    return {
        "rate": share and share.value,
        "interval": share and interval(share),
        "people": estimate.people,
        "pairs_of_people" if name == "fmr" else "trials": estimate.trials,
        "comparisons": estimate.comparisons,
    }


def _attribute_machine(found: AnyAttribute) -> dict[str, object]:
    content: dict[str, object] = {
        "attribute": found.attribute,
        "photos_of_unknown_group": found.unknown,
        "groups": [{**asdict(group.size), **_rates_machine(group.rates)} for group in found.groups],
    }
    if isinstance(found, ComparedGroups):
        content["across"] = [
            {"values": (cross.first, cross.second), **_rates_machine(cross.rates)} for cross in found.across
        ]
        content["same_group"] = _rates_machine(found.same)
        content["different_groups"] = _rates_machine(found.different)
    return content | {
        "false_positive_differential": _differential_machine(found.false_positive),
        "false_negative_differential": _differential_machine(found.false_negative),
    }


def _differential_machine(found: Differential | None) -> dict[str, object] | None:
    if found is None:
        return None
    content = asdict(found)
    content["ratios_are_lower_bounds"] = content.pop("at_least")
    content["intervals_disjoint"] = content.pop("certain")
    return content


def as_text(found: AnyRatesAt) -> str:
    """Tables for a person."""
    threshold, rates = found.threshold, _estimates(found.everybody)
    target = f"{_first(found.everybody).upper()} {threshold.target:g}"
    origin = (
        f"configured for {target} in an average population"
        if threshold.configured
        else f"on these photos the threshold for {target}"
    )
    return "\n".join(
        [
            f"At a similarity of {threshold.similarity:.4f}, {origin}",
            *(
                f"  {name.upper():4}  {_text(estimate)}, {_of(name, estimate)}"
                for name, estimate in rates.items()
            ),
            *(line for attribute in found.attributes for line in ("", *_attribute_text(attribute))),
        ]
    )


def _of(name: str, estimate: Estimate) -> str:
    return f"{estimate.trials:,} pairs of people" if name == "fmr" else f"{estimate.people:,} people"


def _text(estimate: Estimate) -> str:
    share = estimate.share
    if share is None:
        return f"too few people ({estimate.people})"
    if estimate.errorless:
        return f"0, at most {_percent(share.high)}"
    return f"{_percent(share.value)} [{_percent(share.low)}, {_percent(share.high)}]"


def _percent(rate: float) -> str:
    """Three significant digits: rates of error are small."""
    return f"{100 * rate:.3g}%"


def _attribute_text(found: AnyAttribute) -> Iterator[str]:
    across = found.across if isinstance(found, ComparedGroups) else ()
    # People of different sets are not compared.
    crosses = sorted((cross for cross in across if cross.rates.fmr.trials), key=_worst)
    names = [
        name
        for name in _estimates(found.groups[0].rates)
        # Where groups are of people, this is the rate within the group.
        if name != "fnmr_with_any_group" or any(cross.rates.fnmr.trials for cross in crosses)
    ]
    rows: list[list[object]] = [
        [size.value, size.people, size.photos, size.undetected, *_cells(group.rates, names)]
        for group in found.groups
        for size in [group.size]
    ]
    if found.unknown:
        rows.append(["not known", "", found.unknown, "", *("" for _ in names)])
    if isinstance(found, ComparedGroups) and crosses:
        rows.append(["same group", "", "", "", *_cells(found.same, names)])
        rows.append(["different groups", "", "", "", *_cells(found.different, names)])
        rows += [
            [f"{cross.first} with {cross.second}", "", "", "", *_cells(cross.rates, names)]
            for cross in crosses[:MOST_CROSSES]
        ]
    yield from table(
        [found.attribute, "people", "photos", "no face", *(TITLES[name] for name in names)], rows
    )
    if len(crosses) > MOST_CROSSES:
        yield f"  ... {len(crosses) - MOST_CROSSES} more pairs of groups, with lower FMR: see --json"
    kinds = ("FMR", "FNMR") if isinstance(found, ComparedGroups) else ("FPIR", "1 - TPIR")
    yield _differential_text(f"false positive differential ({kinds[0]})", found.false_positive)
    yield _differential_text(f"false negative differential ({kinds[1]})", found.false_negative)


def _cells(rates: Rates, names: list[str]) -> list[str]:
    estimates = _estimates(rates)
    return [_text(estimates[name]) if name in estimates else "" for name in names]


def _worst(cross: CrossRates) -> float:
    share = cross.rates.fmr.share
    return 1.0 if share is None else -share.value


def _differential_text(name: str, found: Differential | None) -> str:
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
        f" difference {_percent(found.difference)}; Gini {found.gini:.2f} of {found.groups} groups"
    )
