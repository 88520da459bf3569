"""`face-api calibration`."""

import click
import msgspec

from application.calibration_report import CalibrationReport, OperatingThreshold, ReportCalibration
from domain.impostors import ImpostorDistribution
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import COLLECTION, JSON, RECOGNITION, run_with_storage
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
        click.echo(msgspec.json.format(msgspec.json.encode(CalibrationView.of(report))).decode())
        return
    click.echo(as_text(report))
    for doubt in report.doubts:
        click.echo(f"warning: {doubt.detail}", err=True)


def as_text(report: CalibrationReport) -> str:
    """For a person."""
    fitted = "fitted to these people" if report.mode == "gallery" else "of the model's table alone"
    return "\n".join(
        [
            f"{report.model} in {report.collection}: {report.people:,} people",
            f"{report.pairs:,} pairs of {report.compared:,} different people were compared",
            "                    mean  deviation  of their similarities",
            *(
                f"  {name:12}  {_moments(impostors)}"
                for name, impostors in (
                    ("observed", report.observed),
                    ("expected", report.expected),
                    ("on average", report.average),
                )
            ),
            f"thresholds are {fitted}",
            "                promised  threshold  estimated  by the table alone, estimated",
            f"  verification  {_operating(report.verification)}  (FMR)",
            f"  search        {_operating(report.identification)}  (FPIR)",
        ]
    )


def _moments(impostors: ImpostorDistribution | None) -> str:
    return "unknown" if impostors is None else f"{impostors.mean:10.4f} {impostors.deviation:10.4f}"


def _operating(at: OperatingThreshold) -> str:
    return (
        f"{at.promised:8.1e}  {at.threshold:9.4f}  {at.estimated:9.1e}"
        f"  {at.table_threshold:18.4f}  {at.table_estimated:9.1e}"
    )
