"""`face-api calibrate-liveness`."""

from pathlib import Path

import click
from dependency_injector import providers

from adapters.files.liveness import write_liveness_calibration
from adapters.memory.liveness import InMemoryLivenessCalibrations
from application.evaluation.liveness.calibrate import CalibratedLiveness, CalibrateLiveness
from application.evaluation.liveness.presentations import JudgePhotos
from entrypoints.cli.evaluate_liveness import ATTACK, BPCER, LIVE, rate_lines, responses
from entrypoints.cli.measuring import DETECTION, configured, measuring

_MUCH = 0.2
"""APCER of a species from which a threshold hardly stops it."""


@click.command("calibrate-liveness")
@LIVE
@ATTACK
@BPCER
@DETECTION
@click.option("--data", metavar="TEXT", help="what the photos are, for the record; else the folder's name")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="where to write the threshold; else FACE_DATA_DIR/liveness.toml, where the service looks",
)
def calibrate_liveness(
    live: Path,
    attack: Path | None,
    bpcer: float,
    detection: str | None,
    data: str | None,
    output: Path | None,
) -> None:
    """Find the liveness threshold for your own camera."""
    settings, container = configured()
    # Compared with the models' own threshold. An earlier calibration may be of other models.
    container.liveness_calibrations.override(providers.Object(InMemoryLivenessCalibrations()))
    with measuring() as progress:
        photos = JudgePhotos(container.analyser(), settings.worker_count)
        result = CalibrateLiveness(photos).execute(
            live, attack, progress, wanted_bpcer=bpcer, data=data, detection_model=detection
        )
    target = output or settings.liveness_calibration
    try:
        write_liveness_calibration(result.calibration, target)
    except OSError as error:
        raise click.ClickException(f"can't write {target}: {error.strerror}") from error
    click.echo(_as_text(result))
    click.echo(f"\nwritten to {target}")
    for warning in _warnings(result):
        click.echo(warning, err=True)


def _as_text(result: CalibratedLiveness) -> str:
    evaluation, found = result.evaluation, result.calibration
    return "\n".join(
        [
            evaluation.model,
            *responses(evaluation),
            "",
            f"At {found.threshold:.4f}, the threshold for a BPCER of {found.wanted_bpcer:.2%}",
            *rate_lines(evaluation.at_bpcer),
            "",
            f"At {evaluation.at_threshold.threshold:.4f}, the models' own",
            *rate_lines(evaluation.at_threshold),
        ]
    )


def _warnings(result: CalibratedLiveness) -> list[str]:
    found, own = result.calibration, result.evaluation.at_threshold.threshold
    warnings = [
        f"{rate.rate:.0%} of the attacks of species {kind} pass at this threshold: don't rely on it for them"
        for kind, rate in found.apcer.items()
        if rate.rate >= _MUCH
    ]
    if found.threshold < own:
        warnings.append("this threshold is looser than the models' own: more attacks pass")
    if not found.apcer:
        warnings.append("without --attack nobody knows what this threshold stops")
    return warnings
