"""`face-api evaluate-quality`."""

import click

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
from entrypoints.cli.figures import interval, share_text, table
from entrypoints.cli.measuring import Figures, Measurement, measures_sets


@click.command("evaluate-quality")
@measures_sets
@click.option(
    "--without-view",
    "without_views",
    multiple=True,
    help="a view of --vectors that is left out, such as L135",
)
def evaluate_quality(run: Measurement, without_views: tuple[str, ...]) -> Figures:
    """Measure what refusing bad photos is worth, by each measure of quality, and what it costs."""
    settings = run.container.settings()
    evaluation = EvaluateQuality(run.loading, settings.quality_recognition, settings.quality_enrolment)
    result = evaluation.execute(run.sources, run.progress, without_views)
    return Figures(as_machine(result), as_text(result))


def as_machine(result: QualityEvaluation) -> dict[str, object]:
    """For JSON; shares are 0..1."""
    return {
        "detection_model": result.models.detection,
        "recognition_model": result.models.recognition,
        "fmr": FMR,
        "search_fmr": SEARCH_FMR,
        "discarded": DISCARDS,
        "sets": [
            {
                "name": each.name,
                "photos": each.photos,
                "undetected": each.undetected,
                "genuine_pairs": each.genuine_pairs,
                "threshold": each.threshold,
                "search_threshold": each.search_threshold,
                "found": each.found.value,
                "fnmr": {name: [share.value for share in curve] for name, curve in each.curves.items()},
                "recognition": _refusals(each.recognition),
                "enrolment": _refusals(each.enrolment),
            }
            for each in result.sets
        ],
    }


def _refusals(refusals: Refusals) -> dict[str, object]:
    return {
        "refused": refusals.photos.value,
        "refused_interval": interval(refusals.photos),
        "refused_of_found": refusals.found.value,
        "refused_of_found_interval": interval(refusals.found),
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
            *table(
                (
                    "",
                    "threshold",
                    "found",
                    "recognition: of found",
                    "of others",
                    "enrolment: of found",
                    "of others",
                ),
                [
                    (
                        each.name,
                        f"{each.search_threshold:.4f}",
                        *_percents(
                            each.found,
                            each.recognition.found,
                            each.recognition.not_found,
                            each.enrolment.found,
                            each.enrolment.not_found,
                        ),
                    )
                    for each in result.sets
                ],
            ),
        ]
    )


def _percents(*shares: Share) -> list[str]:
    return [f"{share.value:.2%}" for share in shares]


def _lines(each: SetQuality) -> list[str]:
    return [
        "",
        f"{each.name}: {each.photos:,} photos, {each.undetected:,} of them without a face",
        f"{each.genuine_pairs:,} pairs of photos of the same person",
        "",
        f"FNMR at FMR {FMR:g} (similarity {each.threshold:.4f}) without the worst photos by",
        *table(
            ["", *(f"{discard:.0%}" for discard in DISCARDS)],
            [[name, *_percents(*curve)] for name, curve in each.curves.items()],
        ),
        *_bounds("recognition", each.recognition),
        *_bounds("enrolment", each.enrolment),
    ]


def _bounds(purpose: str, refusals: Refusals) -> list[str]:
    return [
        "",
        f"The bounds of {purpose} refuse {share_text(refusals.photos).strip()} of the photos,",
        f"  {share_text(refusals.found).strip()} of those in which the right person is found",
        *table(
            ("FNMR of the rest", f"{refusals.fnmr.value:.2%}"),
            [(measure, f"{value:.2%}") for measure, value in refusals.by_measure if value],
        ),
    ]
