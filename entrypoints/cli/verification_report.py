"""What `face-api evaluate` says of all comparisons, and of groups."""

from collections.abc import Iterator

from application.evaluation.verification.comparisons import ErrorRates
from application.evaluation.verification.evaluate import OperatingThreshold, VerificationReport
from application.evaluation.verification.group_rates import AttributeRates, CrossRates, RatesAt
from entrypoints.cli.estimates import differential_machine, differential_text, machine, size_machine, text

MOST_CROSSES = 10
"""Pairs of groups that the table shows; JSON has all."""

_WIDE = 28


def as_machine(report: VerificationReport) -> dict[str, object]:
    """What JSON is made of; rates are 0..1."""
    return {
        "detection_model": report.models.detection,
        "recognition_model": report.models.recognition,
        "sets": [
            {
                "name": one.name,
                "people": one.people,
                "photos": one.photos,
                "undetected": len(one.undetected),
                "undetected_photos": one.undetected,
            }
            for one in report.sets
        ],
        "comparisons": [
            {
                "threshold": threshold.similarity,
                "target_fmr": threshold.fmr,
                "configured": threshold.configured,
                **_errors(rates.everybody),
                "attributes": list(map(_attribute, rates.attributes)),
            }
            for threshold, rates in report.rates
        ],
    }


def _errors(rates: ErrorRates) -> dict[str, object]:
    return {"fmr": machine(rates.fmr, "pairs_of_people"), "fnmr": machine(rates.fnmr, "trials")}


def _attribute(found: AttributeRates) -> dict[str, object]:
    return {
        "attribute": found.attribute,
        "photos_of_unknown_group": found.unknown,
        "groups": [
            {
                **size_machine(group.size),
                **_errors(group.rates),
                "fnmr_with_any_group": machine(group.fnmr_with_any, "trials"),
            }
            for group in found.within
        ],
        "across": [{"values": (cross.first, cross.second), **_errors(cross.rates)} for cross in found.across],
        "same_group": _errors(found.same),
        "different_groups": _errors(found.different),
        "false_positive_differential": differential_machine(found.false_positive),
        "false_negative_differential": differential_machine(found.false_negative),
    }


def as_text(report: VerificationReport) -> str:
    """Tables for a person."""
    return "\n".join(
        [
            f"{report.models.detection} + {report.models.recognition}",
            *(
                f"{one.name}: {one.photos} photos of {one.people} people, no face found in {len(one.undetected)}"
                for one in report.sets
            ),
            *(line for threshold, rates in report.rates for line in _threshold(threshold, rates)),
        ]
    )


def _threshold(threshold: OperatingThreshold, rates: RatesAt) -> Iterator[str]:
    origin = "configured for" if threshold.configured else "on these sets the threshold for"
    yield ""
    yield f"At a similarity of {threshold.similarity:.4f}, {origin} FMR {threshold.fmr:g}"
    yield f"  FMR   {text(rates.everybody.fmr)}, {rates.everybody.fmr.trials:,} pairs of people"
    yield f"  FNMR  {text(rates.everybody.fnmr)}, {rates.everybody.fnmr.people:,} people"
    for attribute in rates.attributes:
        yield ""
        yield from _table(attribute)


def _table(found: AttributeRates) -> Iterator[str]:
    width = max(len(found.attribute), *(len(group.size.value) for group in found.within), 16)
    of_photos = any(cross.rates.fnmr.trials for cross in found.across)
    last = "  FNMR with any group" if of_photos else ""
    yield (
        f"  {found.attribute:{width}}  people  photos  no face  {'FMR within the group':{_WIDE}}"
        f"  {'FNMR within the group':{_WIDE if last else 0}}{last}"
    )
    for group in found.within:
        size = group.size
        last = f"  {text(group.fnmr_with_any)}" if of_photos else ""
        yield (
            f"  {size.value:{width}}  {size.people:6}  {size.photos:6}  {size.undetected:7}"
            f"  {text(group.rates.fmr):{_WIDE}}  {text(group.rates.fnmr):{_WIDE if last else 0}}{last}"
        )
    if found.unknown:
        yield f"  {'not known':{width}}  {'':6}  {found.unknown:6}"
    # Of different sets nothing is compared.
    crosses = sorted((cross for cross in found.across if cross.rates.fmr.trials), key=_worst)
    if crosses:
        yield f"  {'same group':{width}}  {'':23}  {_both(found.same)}"
        yield f"  {'different groups':{width}}  {'':23}  {_both(found.different)}"
    for cross in crosses[:MOST_CROSSES]:
        yield f"  {f'{cross.first} with {cross.second}':{width + 25}}  {_both(cross.rates)}"
    if len(crosses) > MOST_CROSSES:
        yield f"  ... {len(crosses) - MOST_CROSSES} more pairs of groups, with lower FMR: see --json"
    yield differential_text("false positive differential (FMR)", found.false_positive)
    yield differential_text("false negative differential (FNMR)", found.false_negative)


def _both(rates: ErrorRates) -> str:
    return f"{text(rates.fmr):{_WIDE}}  {text(rates.fnmr)}"


def _worst(cross: CrossRates) -> float:
    share = cross.rates.fmr.share
    return 1.0 if share is None else -share.value
