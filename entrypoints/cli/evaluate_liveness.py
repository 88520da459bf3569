"""`face-api evaluate-liveness`."""

from pathlib import Path

import click

from application.evaluation.liveness.evaluate import AttackDetectionRates, LivenessEvaluation, evaluate
from application.evaluation.liveness.presentations import JudgePhotos, NonResponse
from entrypoints.cli.bulk import DETECTION, FOLDER
from entrypoints.cli.figures import interval, share_text, table
from entrypoints.cli.measuring import JSON, configured, measuring
from entrypoints.cli.reports import output_report

LIVE = click.option("--live", required=True, type=FOLDER, help="folder with photos of living people")
ATTACK = click.option(
    "--attack",
    type=FOLDER,
    help="folder with photos of attacks; each subfolder is a species of attack, such as print or screen",
)
BPCER = click.option(
    "--bpcer",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="share of living faces that may be refused: the threshold for it is found",
)


@click.command("evaluate-liveness")
@LIVE
@ATTACK
@BPCER
@DETECTION
@JSON
def evaluate_liveness(
    live: Path, attack: Path | None, bpcer: float, detection: str | None, *, as_json: bool
) -> None:
    """Measure how well presentation attacks are told from living faces."""
    container = configured()
    with measuring() as progress:
        photos = JudgePhotos(container.analyser(), container.settings().worker_count)
        result = evaluate(photos.execute(live, attack, progress, detection), bpcer)
    output_report(as_machine(result), as_text(result), as_json=as_json)


def as_machine(result: LivenessEvaluation) -> dict[str, object]:
    """For JSON; rates are 0..1, and null without attacks."""
    live, attacks = result.photos.live.non_response, result.photos.attacks.non_response
    return {
        "model": result.photos.model,
        "live_photos": live.photos,
        "live_without_face": live.without_face,
        "live_undetermined": live.undetermined,
        "live_undetermined_reasons": live.reasons,
        "attack_photos": attacks.photos,
        "attacks_without_face": attacks.without_face,
        "attacks_undetermined": attacks.undetermined,
        "attacks_undetermined_reasons": attacks.reasons,
        **_rates(result.at_threshold),
        "at_bpcer": {"wanted_bpcer": result.wanted_bpcer, **_rates(result.at_bpcer)},
    }


def _rates(rates: AttackDetectionRates) -> dict[str, object]:
    return {
        "threshold": rates.threshold,
        "apcer": rates.worst_apcer,
        "apcer_by_species": {kind: share.value for kind, share in rates.apcer.items()},
        "apcer_interval": {kind: interval(share) for kind, share in rates.apcer.items()},
        "bpcer": rates.bpcer.value,
        "bpcer_interval": interval(rates.bpcer),
        "acer": rates.acer,
    }


def as_text(result: LivenessEvaluation) -> str:
    """A table for a person."""
    return "\n".join(
        [
            *responses(result),
            "",
            f"At the threshold of {result.at_threshold.threshold:.4f}",
            *rate_lines(result.at_threshold),
            "",
            f"At {result.at_bpcer.threshold:.4f}, the threshold for a BPCER of {result.wanted_bpcer:.2%}",
            *rate_lines(result.at_bpcer),
        ]
    )


def responses(result: LivenessEvaluation) -> list[str]:
    """What judged the photos, how many there are, and how many of them were not judged."""
    attacks = result.photos.attacks.non_response
    lines = [result.photos.model, _response("living people", result.photos.live.non_response)]
    return [*lines, _response("attacks", attacks)] if attacks.photos else lines


def _response(whose: str, photos: NonResponse) -> str:
    reasons = "".join(f", {reason} {count}" for reason, count in sorted(photos.reasons.items()))
    return (
        f"{photos.photos} photos of {whose}; not judged {photos.share:.2%}:"
        f" without a face {photos.without_face}, undetermined {photos.undetermined}{reasons}"
    )


def rate_lines(rates: AttackDetectionRates) -> list[str]:
    """Error rates of the photos that were judged, with 95% intervals."""
    lines = [(f"APCER {kind}", share_text(share)) for kind, share in rates.apcer.items()]
    lines.append(("BPCER", share_text(rates.bpcer)))
    if rates.acer is not None:
        lines.append(("ACER", f"{rates.acer:7.2%}"))
    return table(lines[0], lines[1:])
