"""What `face-api evaluate-search` says of groups."""

from collections.abc import Iterator

from application.evaluation.search.group_rates import (
    DRAWS,
    AttributeSearches,
    HalfGalleries,
    SearchesAt,
    SearchRates,
)
from entrypoints.cli.estimates import differential_machine, differential_text, machine, size_machine, text

_WIDE = 28


def as_machine(halves: HalfGalleries) -> dict[str, object]:
    """What JSON is made of; rates are 0..1."""
    return {
        "enrolled": halves.enrolled,
        "draws": DRAWS,
        "searches": [
            {
                "threshold": result.similarity,
                "configured": result.configured,
                **_rates(result.everybody),
                "attributes": list(map(_attribute, result.attributes)),
            }
            for result in halves.results
        ],
    }


def _rates(rates: SearchRates) -> dict[str, object]:
    return {"fpir": machine(rates.fpir, "trials"), "tpir": machine(rates.tpir, "trials")}


def _attribute(found: AttributeSearches) -> dict[str, object]:
    return {
        "attribute": found.attribute,
        "photos_of_unknown_group": found.unknown,
        "groups": [
            {
                **size_machine(group.size),
                **_rates(group.rates),
            }
            for group in found.groups
        ],
        "false_positive_differential": differential_machine(found.false_positive),
        "false_negative_differential": differential_machine(found.false_negative),
    }


def as_text(halves: HalfGalleries, target_fpir: float) -> str:
    """Tables for a person."""
    lines = [
        f"Half of the people ({halves.enrolled}) enrolled with one photo each, everybody searched, {DRAWS} draws",
        *(line for result in halves.results for line in _threshold(result, target_fpir)),
    ]
    return "\n".join(lines)


def _threshold(result: SearchesAt, target_fpir: float) -> Iterator[str]:
    origin = "configured for" if result.configured else "on this set the threshold for"
    yield ""
    yield f"At a similarity of {result.similarity:.4f}, {origin} FPIR {target_fpir:g}"
    yield f"  FPIR  {text(result.everybody.fpir)}, {result.everybody.fpir.people:,} people"
    yield f"  TPIR  {text(result.everybody.tpir)}, {result.everybody.tpir.people:,} people"
    for attribute in result.attributes:
        yield ""
        yield from _table(attribute)


def _table(found: AttributeSearches) -> Iterator[str]:
    width = max(len(found.attribute), *(len(group.size.value) for group in found.groups), 16)
    yield f"  {found.attribute:{width}}  people  photos  no face  {'FPIR':{_WIDE}}  TPIR"
    for group in found.groups:
        size, rates = group.size, group.rates
        yield (
            f"  {size.value:{width}}  {size.people:6}  {size.photos:6}  {size.undetected:7}"
            f"  {text(rates.fpir):{_WIDE}}  {text(rates.tpir)}"
        )
    if found.unknown:
        yield f"  {'not known':{width}}  {'':6}  {found.unknown:6}"
    yield differential_text("false positive differential (FPIR)", found.false_positive)
    yield differential_text("false negative differential (1 - TPIR)", found.false_negative)
