"""`face-api evaluate-liveness`."""

from pathlib import Path

import click
import msgspec

from application.evaluation.liveness.evaluate import ErrorRates, EvaluateLiveness, LivenessEvaluation
from application.evaluation.liveness.presentations import JudgePhotos, NonResponse
from entrypoints.cli.measuring import DETECTION, configured, measuring

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)

LIVE = click.option("--live", required=True, type=_FOLDER, help="folder with photos of living people")
ATTACK = click.option(
    "--attack",
    type=_FOLDER,
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
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_liveness(
    live: Path, attack: Path | None, bpcer: float, detection: str | None, *, as_json: bool
) -> None:
    """Measure how well presentation attacks are told from living faces."""
    settings, container = configured()
    with measuring() as progress:
        photos = JudgePhotos(container.analyser(), settings.worker_count)
        result = EvaluateLiveness(photos).execute(
            live, attack, progress, wanted_bpcer=bpcer, detection_model=detection
        )
    click.echo(as_machine(result) if as_json else as_text(result))


def as_machine(result: LivenessEvaluation) -> str:
    """JSON; rates are 0..1, and null without attacks."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "model": result.model,
                "live_photos": result.live.photos,
                "live_without_face": result.live.without_face,
                "live_undetermined": result.live.undetermined,
                "live_undetermined_reasons": result.live.reasons,
                "attack_photos": result.attacks.photos,
                "attacks_without_face": result.attacks.without_face,
                "attacks_undetermined": result.attacks.undetermined,
                "attacks_undetermined_reasons": result.attacks.reasons,
                **_rates(result.at_threshold),
                "at_bpcer": {"wanted_bpcer": result.wanted_bpcer, **_rates(result.at_bpcer)},
            }
        )
    ).decode()


def _rates(rates: ErrorRates) -> dict[str, object]:
    return {
        "threshold": rates.threshold,
        "apcer": rates.worst_apcer,
        "apcer_by_species": {kind: share.value for kind, share in rates.apcer.items()},
        "apcer_interval": {kind: (share.low, share.high) for kind, share in rates.apcer.items()},
        "bpcer": rates.bpcer.value,
        "bpcer_interval": (rates.bpcer.low, rates.bpcer.high),
        "acer": rates.acer,
    }


def as_text(result: LivenessEvaluation) -> str:
    """A table for a person."""
    return "\n".join(
        [
            result.model,
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
    """How many photos there are, and how many of them were not judged."""
    lines = [_response("living people", result.live)]
    return [*lines, _response("attacks", result.attacks)] if result.attacks.photos else lines


def _response(whose: str, photos: NonResponse) -> str:
    reasons = "".join(f", {reason} {count}" for reason, count in sorted(photos.reasons.items()))
    return (
        f"{photos.photos} photos of {whose}; not judged {photos.share:.2%}:"
        f" without a face {photos.without_face}, undetermined {photos.undetermined}{reasons}"
    )


def rate_lines(rates: ErrorRates) -> list[str]:
    """Error rates of the photos that were judged, with 95% intervals."""
    shares = {**{f"APCER {kind}": share for kind, share in rates.apcer.items()}, "BPCER": rates.bpcer}
    width = max(map(len, shares))
    lines = [
        f"  {name:{width}}  {share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"
        for name, share in shares.items()
    ]
    return lines if rates.acer is None else [*lines, f"  {'ACER':{width}}  {rates.acer:7.2%}"]
