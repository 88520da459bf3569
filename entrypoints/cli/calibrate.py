"""`face-api calibrate`."""

from pathlib import Path

import click

from adapters.files.calibration import write_table
from application.evaluation.calibration.calibrate import CalibrateModel
from domain.calibration import CalibrationTable
from entrypoints.cli.bulk import JSON, OUTPUT
from entrypoints.cli.figures import table as columns
from entrypoints.cli.measuring import loading, measuring, set_options, sources, write
from entrypoints.cli.reports import output_report


@click.command()
@set_options
@click.option("--data", metavar="TEXT", help="what the photos are, for the record; else the sets' names")
@click.option(
    "--output",
    type=OUTPUT,
    help="where to write the table; else FACE_DATA_DIR/calibration, where the service looks first",
)
@JSON
def calibrate(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    detection: str | None,
    recognition: str | None,
    data: str | None,
    output: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure which similarity stands for which false match rate, on your own photos.

    Several sets make one table; people are compared within each set only.
    """
    chosen = sources(images, vectors)
    with measuring() as progress:
        container, sets = loading(detection, recognition)
        table = CalibrateModel(sets).execute(chosen, progress, data)
    settings = container.settings()
    target = output or settings.calibration_dir / f"{table.model}.toml"
    write(target, lambda path: write_table(table, path))
    text = f"{_as_text(table)}\n\nwritten to {target}"
    output_report({"table": table, "file": str(target)}, text, as_json=as_json)
    if settings.target_fmr < table.least_measured:
        click.echo(
            f"FACE_TARGET_FMR is {settings.target_fmr:g}, but these photos measure no rate below"
            f" {table.least_measured:g}: its threshold is extrapolated",
            err=True,
        )


def _as_text(table: CalibrationTable) -> str:
    beyond = [fmr for fmr in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7) if fmr < table.least_measured]
    return "\n".join(
        [
            f"{table.detection} + {table.model}: {table.photos} photos of {table.people} people",
            f"{table.comparisons:,} pairs of photos of different people",
            *columns(
                ("FMR", "threshold", "FMR of the most confusable tenth", "among themselves"),
                [
                    *(
                        (
                            f"{point.fmr:.0e}",
                            f"{point.threshold:.4f}",
                            f"{point.confusable_fmr:.1e}",
                            f"{point.lookalike_fmr:.1e}",
                        )
                        for point in table.points
                    ),
                    *((f"{fmr:.0e}", f"{table.threshold_at(fmr):.4f}", "extrapolated", "") for fmr in beyond),
                ],
            ),
            "similarities of different people",
            *columns(
                ("", "mean", "deviation"),
                [
                    (each.name, f"{each.impostors.mean:.3f}", f"{each.impostors.deviation:.3f}")
                    for each in table.populations
                ],
            ),
        ]
    )
