"""`face-api evaluate-calibration`."""

from pathlib import Path

import click
import msgspec

from application.decisions import CalibrationMode
from application.evaluation.calibration.transfer import EvaluateTransfer, SetTransfer, TransferEvaluation
from domain.quality import LENIENT, Measure
from entrypoints.cli.measuring import (
    DETECTION,
    IMAGE_SETS,
    RECOGNITION,
    VECTOR_SETS,
    loading,
    measuring,
    sources,
)


@click.command("evaluate-calibration")
@IMAGE_SETS
@VECTOR_SETS
@DETECTION
@RECOGNITION
@click.option(
    "--least-norm",
    type=click.FloatRange(0, 2),
    default=LENIENT.limits[Measure.EMBEDDING_NORM],
    show_default=True,
    help="leave out photos whose embeddings are shorter, by what is usual for the model",
)
@click.option("--json", "as_json", is_flag=True, help="print JSON instead of a table")
def evaluate_calibration(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    detection: str | None,
    recognition: str | None,
    least_norm: float,
    *,
    as_json: bool,
) -> None:
    """Measure whether thresholds hold for people who are unlike those that they were made of.

    Each set is left out in turn: the others make the table, and half of its own people are enrolled.
    """
    chosen = sources(images, vectors)
    settings, sets = loading()
    with measuring() as progress:
        found = EvaluateTransfer(sets, settings.target_fmr, settings.target_fpir).execute(
            chosen,
            progress,
            least_norm=least_norm,
            detection_model=detection,
            recognition_model=recognition,
        )
    click.echo(msgspec.json.encode(found).decode() if as_json else _as_text(found))


def _as_text(found: TransferEvaluation) -> str:
    return "\n".join(
        [
            (
                f"{found.models.detection} + {found.models.recognition}:"
                f" promised are FMR {found.target_fmr:g} and FPIR {found.target_fpir:g}"
            ),
            (
                f"TAR at one threshold for all sets ({found.pooled_threshold:.4f}, FMR 1e-3):"
                f" {found.pooled_tar:.2%}"
            ),
            *(line for each in found.sets for line in _lines(each, found.target_fmr)),
        ]
    )


def _lines(each: SetTransfer, target_fmr: float) -> list[str]:
    return [
        (
            f"{each.name}: {each.people} people, {each.photos} photos, {each.enrolled} enrolled;"
            f" TAR at its own FMR 1e-3 {each.tar:.1%}, at the threshold for all {each.pooled_tar:.1%}"
        ),
        *(
            (
                f"  {mode.value:8} FMR {rates.fmr / target_fmr:5.1f} times the promise, FNMR {rates.fnmr:6.1%};"
                f" FPIR {rates.fpir:6.2%}, TPIR {rates.tpir:6.1%} at {rates.threshold:.3f}"
            )
            for mode in CalibrationMode
            for rates in [each.rates[mode]]
        ),
    ]
