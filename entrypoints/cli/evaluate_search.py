"""`face-api evaluate-search`."""

from pathlib import Path

import click
import msgspec

from application.evaluation.metrics import Share
from application.evaluation.search import EvaluateSearch, SearchEvaluation
from application.evaluation.weighing import MethodResult
from entrypoints.cli.measuring import (
    DETECTION,
    IMAGE_SETS,
    RECOGNITION,
    VECTOR_SETS,
    loading,
    measuring,
    source,
)


@click.command("evaluate-search")
@IMAGE_SETS
@VECTOR_SETS
@DETECTION
@RECOGNITION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_search(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    detection: str | None,
    recognition: str | None,
    *,
    as_json: bool,
) -> None:
    """Measure how often strangers are taken for somebody, by the size of the gallery, and compare methods."""
    chosen = source(images, vectors)
    settings, sets = loading()
    with measuring() as progress:
        result = EvaluateSearch(sets, settings.target_fmr, settings.target_fpir).execute(
            chosen, progress, detection_model=detection, recognition_model=recognition
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
            }
        )
    ).decode()


def as_text(result: SearchEvaluation) -> str:
    """Tables for a person."""
    return "\n".join(
        [
            f"{result.models.detection} + {result.models.recognition}",
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
    )


def _method(result: MethodResult) -> str:
    shares = result.rank1, result.tpir, result.decided_fpir, result.decided_tpir
    return (
        f"  {result.photos} of {result.people:4} people  {result.method:8}  {'  '.join(map(_share, shares))}"
    )


def _share(share: Share) -> str:
    return f"{share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"
