"""`face-api evaluate-liveness`."""

from pathlib import Path

import click
import msgspec

from application.evaluation.liveness import ErrorRates, EvaluateLiveness, LivenessEvaluation
from entrypoints.cli.measuring import DETECTION, configured, measuring

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("evaluate-liveness")
@click.option("--live", required=True, type=_FOLDER, help="folder with photos of living people")
@click.option(
    "--attack",
    required=True,
    type=_FOLDER,
    help="folder with photos of attacks; each subfolder is a species of attack, such as print or screen",
)
@click.option(
    "--bpcer",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.01,
    show_default=True,
    help="share of living faces that may be refused: the threshold for it is stated as well",
)
@DETECTION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
def evaluate_liveness(
    live: Path, attack: Path, bpcer: float, detection: str | None, *, as_json: bool
) -> None:
    """Measure how well presentation attacks are told from living faces."""
    settings, container = configured()
    with measuring() as progress:
        detector = container.models().spoof_detector(settings.liveness_models)
        result = EvaluateLiveness(container.analyser(), detector, settings.worker_count).execute(
            live, attack, progress, wanted_bpcer=bpcer, detection_model=detection
        )
    click.echo(as_machine(result) if as_json else as_text(result))


def as_machine(result: LivenessEvaluation) -> str:
    """JSON; rates are 0..1."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "model": result.model,
                "live_photos": result.live,
                "live_without_face": result.live_without_face,
                "attack_photos": result.attacks,
                "attacks_without_face": result.attacks_without_face,
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
            f"{result.live} photos of living people, {result.live_without_face} of them without a face",
            f"{result.attacks} photos of attacks, {result.attacks_without_face} of them without a face",
            "",
            f"At the threshold of {result.at_threshold.threshold:.4f}",
            *_lines(result.at_threshold),
            "",
            f"At {result.at_bpcer.threshold:.4f}, the threshold for a BPCER of {result.wanted_bpcer:.2%}",
            *_lines(result.at_bpcer),
        ]
    )


def _lines(rates: ErrorRates) -> list[str]:
    shares = {**{f"APCER {kind}": share for kind, share in rates.apcer.items()}, "BPCER": rates.bpcer}
    width = max(map(len, shares))
    return [
        *(
            f"  {name:{width}}  {share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"
            for name, share in shares.items()
        ),
        f"  {'ACER':{width}}  {rates.acer:7.2%}",
    ]
