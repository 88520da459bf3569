"""`face-api calibration`."""

import click

from application.calibration_report import CalibrationReport, ReportCalibration
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import COLLECTION, JSON, RECOGNITION, run_with_storage
from entrypoints.cli.figures import echo_json, table
from entrypoints.http.views.calibration import CalibrationView


@click.command()
@COLLECTION
@RECOGNITION
@JSON
def calibration(collection: str, recognition: str | None, *, as_json: bool) -> None:
    """Show how similar the people enrolled are, and the thresholds that are fitted to them."""

    async def work(container: Container) -> CalibrationReport:
        use_case: ReportCalibration = container.report_calibration()
        return await use_case.execute(collection, recognition)

    report = run_with_storage(work)
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
