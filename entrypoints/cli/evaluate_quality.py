"""`face-api evaluate-quality`."""

from pathlib import Path

import click
import msgspec

from adapters.files.vectors import NpzVectorFiles
from adapters.imaging.quality import LandmarkQualityAssessor
from application.evaluation.metrics.rates import Share
from application.evaluation.quality.evaluate import (
    DISCARDS,
    FMR,
    SEARCH_FMR,
    EvaluateQuality,
    QualityEvaluation,
    Refusals,
    SetQuality,
)
from entrypoints.cli.measuring import DETECTION, RECOGNITION, configured, measuring


@click.command("evaluate-quality")
@click.option(
    "--images",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="folder with one folder a person, and photos in it; a set, of which there may be several",
)
@click.option(
    "--vectors",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="a set without photos: .npz with `vectors` as the network gives them, and `person`",
)
@click.option(
    "--without-view",
    "without_views",
    multiple=True,
    help="a view of --vectors that is left out, such as L135",
)
@DETECTION
@RECOGNITION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_quality(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    without_views: tuple[str, ...],
    detection: str | None,
    recognition: str | None,
    *,
    as_json: bool,
) -> None:
    """Measure what refusing bad photos is worth, by each measure of quality, and what it costs."""
    if not images and not vectors:
        raise click.UsageError("Give at least one set: --images DIR or --vectors FILE.")
    settings, container = configured()
    with measuring() as progress:
        result = EvaluateQuality(
            container.analyser(),
            LandmarkQualityAssessor(),
            NpzVectorFiles(),
            settings.quality_recognition,
            settings.quality_enrolment,
            settings.worker_count,
        ).execute(
            images,
            vectors,
            progress,
            without_views=without_views,
            detection_model=detection,
            recognition_model=recognition,
        )
    click.echo(as_machine(result) if as_json else as_text(result))


def as_machine(result: QualityEvaluation) -> str:
    """JSON; shares are 0..1."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "detection_model": result.models.detection,
                "recognition_model": result.models.recognition,
                "fmr": FMR,
                "search_fmr": SEARCH_FMR,
                "discarded": DISCARDS,
                "sets": [_set(each) for each in result.sets],
            }
        )
    ).decode()


def _set(each: SetQuality) -> dict[str, object]:
    return {
        "name": each.name,
        "photos": each.photos,
        "undetected": each.undetected,
        "genuine_pairs": each.genuine_pairs,
        "threshold": each.threshold,
        "search_threshold": each.search_threshold,
        "found": each.found.value,
        "fnmr": {curve.measure: [share.value for share in curve.fnmr] for curve in each.curves},
        "recognition": _refusals(each.recognition),
        "enrolment": _refusals(each.enrolment),
    }


def _refusals(refusals: Refusals) -> dict[str, object]:
    return {
        "refused": refusals.photos.value,
        "refused_interval": (refusals.photos.low, refusals.photos.high),
        "refused_of_found": refusals.found.value,
        "refused_of_found_interval": (refusals.found.low, refusals.found.high),
        "refused_of_found_by_measure": dict(refusals.by_measure),
        "refused_of_not_found": refusals.not_found.value,
        "fnmr": refusals.fnmr.value,
    }


def as_text(result: QualityEvaluation) -> str:
    """Tables for a person: of each set, then the bounds on all."""
    return "\n".join(
        [
            f"{result.models.detection} + {result.models.recognition}",
            *(line for each in result.sets for line in _lines(each)),
            "",
            f"The right person is found, at a threshold for FMR {SEARCH_FMR:g}, and what the bounds refuse",
            f"  {'':28}  {'threshold':>9}  {'found':>7}  recognition: of found, others   enrolment: of found, others",
            *(
                f"  {each.name:28}  {each.search_threshold:9.4f}  {each.found.value:7.2%}"
                f"  {_costs(each.recognition)}  {_costs(each.enrolment)}"
                for each in result.sets
            ),
        ]
    )


def _costs(refusals: Refusals) -> str:
    return f"{refusals.found.value:20.2%}  {refusals.not_found.value:7.2%}"


def _lines(each: SetQuality) -> list[str]:
    return [
        "",
        f"{each.name}: {each.photos:,} photos, {each.undetected:,} of them without a face",
        f"{each.genuine_pairs:,} pairs of photos of the same person",
        "",
        f"FNMR at FMR {FMR:g} (similarity {each.threshold:.4f}) without the worst photos by",
        f"  {'':18}  " + "  ".join(f"{discard:6.0%}" for discard in DISCARDS),
        *(
            f"  {curve.measure:18}  " + "  ".join(f"{share.value:6.2%}" for share in curve.fnmr)
            for curve in each.curves
        ),
        *_bounds("recognition", each.recognition),
        *_bounds("enrolment", each.enrolment),
    ]


def _bounds(profile: str, refusals: Refusals) -> list[str]:
    return [
        "",
        f"The bounds of {profile} refuse {_interval(refusals.photos)} of the photos,",
        f"  {_interval(refusals.found)} of those in which the right person is found",
        f"  FNMR of the rest    {refusals.fnmr.value:6.2%}",
        *(f"  {measure:18}  {value:6.2%}" for measure, value in refusals.by_measure if value),
    ]


def _interval(share: Share) -> str:
    return f"{share.value:.2%} [{share.low:.2%}, {share.high:.2%}]"
