"""`face-api evaluate-quality`."""

from pathlib import Path

import click
import msgspec

from adapters.imaging.quality import LandmarkQualityAssessor
from application.evaluation.quality import DISCARDS, FMR, EvaluateQuality, QualityEvaluation, Refusals
from entrypoints.cli.measuring import DETECTION, IMAGES, RECOGNITION, configured, measuring


@click.command("evaluate-quality")
@IMAGES
@DETECTION
@RECOGNITION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_quality(images: Path, detection: str | None, recognition: str | None, *, as_json: bool) -> None:
    """Measure what refusing bad photos is worth, by each measure of quality."""
    settings, container = configured()
    with measuring() as progress:
        result = EvaluateQuality(
            container.analyser(),
            LandmarkQualityAssessor(),
            settings.quality_recognition,
            settings.quality_enrolment,
            settings.worker_count,
        ).execute(images, progress, detection_model=detection, recognition_model=recognition)
    click.echo(as_machine(result) if as_json else as_text(result))


def as_machine(result: QualityEvaluation) -> str:
    """JSON; shares are 0..1."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "detection_model": result.models.detection,
                "recognition_model": result.models.recognition,
                "photos": result.photos,
                "undetected": result.undetected,
                "genuine_pairs": result.genuine_pairs,
                "fmr": FMR,
                "threshold": result.threshold,
                "discarded": DISCARDS,
                "fnmr": {curve.measure: [share.value for share in curve.fnmr] for curve in result.curves},
                "recognition": _refusals(result.recognition),
                "enrolment": _refusals(result.enrolment),
            }
        )
    ).decode()


def _refusals(refusals: Refusals) -> dict[str, object]:
    return {
        "refused": refusals.photos.value,
        "refused_interval": (refusals.photos.low, refusals.photos.high),
        "refused_by_measure": dict(refusals.by_measure),
        "fnmr": refusals.fnmr.value,
    }


def as_text(result: QualityEvaluation) -> str:
    """A table for a person."""
    return "\n".join(
        [
            f"{result.models.detection} + {result.models.recognition}",
            f"{result.photos} photos, {result.undetected} of them without a face",
            f"{result.genuine_pairs:,} pairs of photos of the same person",
            "",
            f"FNMR at FMR {FMR:g} (similarity {result.threshold:.4f}) without the worst photos by",
            f"  {'':18}  " + "  ".join(f"{discard:6.0%}" for discard in DISCARDS),
            *(
                f"  {curve.measure:18}  " + "  ".join(f"{share.value:6.2%}" for share in curve.fnmr)
                for curve in result.curves
            ),
            *_lines("recognition", result.recognition),
            *_lines("enrolment", result.enrolment),
        ]
    )


def _lines(profile: str, refusals: Refusals) -> list[str]:
    share = refusals.photos
    return [
        "",
        f"The bounds of {profile} refuse {share.value:.2%} [{share.low:.2%}, {share.high:.2%}]",
        f"  FNMR of the rest    {refusals.fnmr.value:6.2%}",
        *(f"  {measure:18}  {value:6.2%}" for measure, value in refusals.by_measure),
    ]
