"""`face-api evaluate-search`."""

from pathlib import Path

import click
import msgspec

from application.evaluation.metrics.rates import Share
from application.evaluation.search.evaluate import EvaluateSearch, SearchEvaluation
from application.evaluation.search.methods import MethodResult
from entrypoints.cli import search_report
from entrypoints.cli.measuring import (
    DETECTION,
    GROUPS,
    IMAGE_SETS,
    LABELS,
    RECOGNITION,
    VECTOR_SETS,
    grouping,
    identification_threshold,
    loading,
    measuring,
    source,
)


@click.command("evaluate-search")
@IMAGE_SETS
@VECTOR_SETS
@GROUPS
@LABELS
@DETECTION
@RECOGNITION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_search(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    groups: Path | None,
    labels: tuple[str, ...],
    detection: str | None,
    recognition: str | None,
    *,
    as_json: bool,
) -> None:
    """Measure how often strangers are taken for somebody, by the size of the gallery, and compare methods."""
    chosen = source(images, vectors)
    apart = grouping(groups, labels)
    settings, sets = loading()
    with measuring() as progress:
        evaluation = EvaluateSearch(
            sets, settings.target_fmr, settings.target_fpir, identification_threshold(settings)
        )
        result = evaluation.execute(
            chosen, progress, grouping=apart, detection_model=detection, recognition_model=recognition
        )
    click.echo(as_machine(result) if as_json else as_text(result))


def as_machine(result: SearchEvaluation) -> str:
    """JSON; shares are 0..1."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "detection_model": result.models.detection,
                "recognition_model": result.models.recognition,
                "photos": result.photos,
                "people": result.people,
                "target_fmr": result.target_fmr,
                "target_fpir": result.target_fpir,
                "galleries": result.galleries,
                "methods": result.methods,
                "half_enrolled": result.halves and search_report.as_machine(result.halves),
            }
        )
    ).decode()


def as_text(result: SearchEvaluation) -> str:
    """Tables for a person."""
    parts = [f"{result.models.detection} + {result.models.recognition}"]
    if result.galleries:
        parts += _galleries(result)
    else:
        parts.append(
            f"{result.photos} photos of {result.people} people: too few for thresholds from other people"
        )
    if result.halves is not None:
        parts += ["", search_report.as_text(result.halves, result.target_fpir)]
    return "\n".join(parts)


def _galleries(result: SearchEvaluation) -> list[str]:
    return [
        f"{result.photos} photos of {result.people} people; thresholds from others than those who are measured",
        "",
        f"Strangers who are taken for somebody; wanted is FPIR {result.target_fpir:g}",
        f"  people   FPIR [least, greatest of splits]   at the threshold for FMR {result.target_fmr:g}",
        *(
            f"  {size.people:6}  {size.fpir:6.2%} [{size.least:.2%}, {size.greatest:.2%}]{'':13}{size.fixed:7.2%}"
            for size in result.galleries
        ),
        "",
        f"Several photos enrolled{'':12}rank 1{'':20}TPIR at FPIR {result.target_fpir:g}, decided FPIR and TPIR",
        *map(_method, result.methods),
    ]


def _method(result: MethodResult) -> str:
    shares = result.rank1, result.tpir, result.decided_fpir, result.decided_tpir
    return (
        f"  {result.photos} of {result.people:4} people  {result.method:8}  {'  '.join(map(_share, shares))}"
    )


def _share(share: Share) -> str:
    return f"{share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"
