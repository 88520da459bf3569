"""`face-api calibrate`."""

from pathlib import Path

import click

from adapters.files.calibration import write_table
from application.evaluation.calibration.calibrate import CalibrateModel
from domain.calibration import CalibrationTable
from entrypoints.cli.measuring import (
    DETECTION,
    IMAGE_SETS,
    RECOGNITION,
    VECTOR_SETS,
    loading,
    measuring,
    sources,
)


@click.command()
@IMAGE_SETS
@VECTOR_SETS
@DETECTION
@RECOGNITION
@click.option("--data", metavar="TEXT", help="what the photos are, for the record; else the sets' names")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="where to write the table; else FACE_DATA_DIR/calibration, where the service looks first",
)
def calibrate(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    detection: str | None,
    recognition: str | None,
    data: str | None,
    output: Path | None,
) -> None:
    """Measure which similarity stands for which false match rate, on your own photos.

    Several sets make one table; people are compared within each set only.
    """
    chosen = sources(images, vectors)
    settings, sets = loading()
    with measuring() as progress:
        table = CalibrateModel(sets).execute(
            chosen,
            progress,
            data=data,
            detection_model=detection,
            recognition_model=recognition,
        )
    target = output or settings.calibration_dir / f"{table.model}.toml"
    try:
        write_table(table, target)
    except OSError as error:
        raise click.ClickException(f"can't write {target}: {error.strerror}") from error
    click.echo(_as_text(table))
    click.echo(f"\nwritten to {target}")
    if settings.target_fmr < table.least_measured:
        click.echo(
            f"FACE_TARGET_FMR is {settings.target_fmr:g}, but these photos measure no rate below"
            f" {table.least_measured:g}: its threshold is extrapolated",
            err=True,
        )


def _as_text(table: CalibrationTable) -> str:
    return "\n".join(
        [
            f"{table.detection} + {table.model}: {table.photos} photos of {table.people} people",
            f"{table.comparisons:,} pairs of photos of different people",
            "  FMR    threshold  FMR of the most confusable tenth, among themselves",
            *(
                f"  {point.fmr:5.0e}  {point.threshold:9.4f}"
                f"  {point.confusable_fmr:.1e}  {point.lookalike_fmr:.1e}"
                for point in table.points
            ),
            *(f"  {fmr:5.0e}  {table.threshold_at(fmr):9.4f}  extrapolated" for fmr in _beyond(table)),
            "similarities of different people: mean, deviation",
            *(
                f"  {each.name}: {each.impostors.mean:.3f}, {each.impostors.deviation:.3f}"
                for each in table.populations
            ),
        ]
    )


def _beyond(table: CalibrationTable) -> list[float]:
    return [fmr for fmr in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7) if fmr < table.least_measured]
