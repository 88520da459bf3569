"""`face-api calibration`."""

import click

from application.calibration_report import CalibrationReport
from entrypoints.cli.bulk import COLLECTION, JSON, RECOGNITION, run_with_storage
from entrypoints.cli.figures import table
from entrypoints.cli.reports import echo_json
from entrypoints.http.views.calibration import CalibrationView


@click.command()
@COLLECTION
@RECOGNITION
@JSON
def calibration(collection: str, recognition: str | None, *, as_json: bool) -> None:
    """Show how similar the people enrolled are, and the thresholds that are fitted to them."""
    report = run_with_storage(
        lambda container: container.report_calibration().execute(collection, recognition)
    )
    if as_json:
        echo_json(CalibrationView.of(report))
        return
    click.echo(as_text(report))
    for warning in report.warnings:
        click.echo(f"warning: {warning.detail}", err=True)


def as_text(report: CalibrationReport) -> str:
    """Tables for a person."""
    fitted = "fitted to these people" if report.mode == "gallery" else "of the model's table alone"
    moments = {"observed": report.observed, "expected": report.expected, "on average": report.average}
    thresholds = {"verification (FMR)": report.verification, "search (FPIR)": report.identification}
    return "\n".join(
        [
            f"{report.model} in {report.collection}: {report.people:,} people",
            f"{report.pairs:,} pairs of {report.compared:,} different people were compared",
            *table(
                ("their similarities", "mean", "deviation"),
                [
                    (name, f"{each.mean:.4f}", f"{each.deviation:.4f}") if each else (name, "unknown", "")
                    for name, each in moments.items()
                ],
            ),
            f"thresholds are {fitted}",
            *table(
                ("", "promised", "threshold", "estimated", "by the table alone", "estimated"),
                [
                    (
                        name,
                        f"{each.promised:.1e}",
                        f"{each.threshold:.4f}",
                        f"{each.estimated:.1e}",
                        f"{each.table_threshold:.4f}",
                        f"{each.table_estimated:.1e}",
                    )
                    for name, each in thresholds.items()
                ],
            ),
        ]
    )
