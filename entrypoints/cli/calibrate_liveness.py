"""`face-api calibrate-liveness`."""

from pathlib import Path

import click
from dependency_injector import providers

from adapters.files.liveness import write_liveness_calibration
from application.evaluation.liveness.evaluate import LivenessEvaluation, calibrate, evaluate
from application.evaluation.liveness.presentations import JudgePhotos
from domain.liveness.calibration import LivenessCalibration
from entrypoints.cli.bulk import DETECTION, OUTPUT
from entrypoints.cli.evaluate_liveness import ATTACK, BPCER, LIVE, as_machine, rate_lines, responses
from entrypoints.cli.measuring import JSON, configured, measuring, write
from entrypoints.cli.reports import output_report

_MUCH = 0.2
"""APCER of a species from which on the command warns."""


@click.command("calibrate-liveness")
@LIVE
@ATTACK
@BPCER
@DETECTION
@click.option("--data", metavar="TEXT", help="what the photos are, for the record; else the folder's name")
@click.option(
    "--output",
    type=OUTPUT,
    help="where to write the threshold; else FACE_DATA_DIR/liveness.toml, where the service looks",
)
@JSON
def calibrate_liveness(
    live: Path,
    attack: Path | None,
    bpcer: float,
    detection: str | None,
    data: str | None,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Find the liveness threshold for your own camera."""
    container = configured()
    settings = container.settings()
    # Compared with the models' own threshold. An earlier calibration may be of other models.
    container.liveness_calibrations.override(providers.Object(None))
    with measuring() as progress:
        photos = JudgePhotos(container.analyser(), settings.worker_count)
        judged = photos.execute(live, attack, progress, detection)
        found = calibrate(judged, bpcer, live.resolve().name if data is None else data)
        result = evaluate(judged, bpcer)
    target = output or settings.liveness_calibration
    write(target, lambda path: write_liveness_calibration(found, path))
    machine = {**as_machine(result), "calibration": found, "file": str(target)}
    output_report(machine, f"{_as_text(result, found)}\n\nwritten to {target}", as_json=as_json)
    for warning in _warnings(result, found):
        click.echo(warning, err=True)


def _as_text(result: LivenessEvaluation, found: LivenessCalibration) -> str:
    return "\n".join(
        [
            *responses(result),
            "",
            f"At {found.threshold:.4f}, the threshold for a BPCER of {found.wanted_bpcer:.2%}",
            *rate_lines(result.at_bpcer),
            "",
            f"At {result.at_threshold.threshold:.4f}, the models' own",
            *rate_lines(result.at_threshold),
        ]
    )


def _warnings(result: LivenessEvaluation, found: LivenessCalibration) -> list[str]:
    warnings = [
        f"{rate.rate:.0%} of the attacks of species {kind} pass at this threshold: don't rely on it for them"
        for kind, rate in found.apcer.items()
        if rate.rate >= _MUCH
    ]
    if found.threshold < result.at_threshold.threshold:
        warnings.append("this threshold is looser than the models' own: more attacks pass")
    if not found.apcer:
        warnings.append("without --attack nobody knows what this threshold stops")
    return warnings
