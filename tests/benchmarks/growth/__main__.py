"""Search among simulated faces: one size of gallery.

python -m tests.benchmarks.growth                              # a million, with the database's answer
python -m tests.benchmarks.growth --faces 10000000 --alone     # the index alone
"""

import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import click
import msgspec
import uvloop

from tests.benchmarks import simulation
from tests.benchmarks.galleries import StreamedGallery
from tests.benchmarks.growth import index_growth
from tests.benchmarks.growth.measure import Growth, measured
from tests.benchmarks.growth.tables import in_short, tables
from tests.benchmarks.machine import this_machine
from tests.benchmarks.report import Report
from tests.benchmarks.table import Table


@click.command()
@click.option("--faces", type=click.IntRange(2000), default=1_000_000, show_default=True)
@click.option("--dimensions", type=click.IntRange(8, 2000), default=128, show_default=True)
@click.option("--probes", type=click.IntRange(50), default=1000, show_default=True)
@click.option("--alone", is_flag=True, help="the index only: no database, and faces don't stay in memory")
@click.option(
    "--json",
    "report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="put the figures into a report, for `python -m tests.benchmarks --from`",
)
def main(faces: int, dimensions: int, probes: int, report: Path | None, *, alone: bool) -> None:
    """Print the figures."""
    machine = this_machine()
    click.echo(f"{machine.processor}, {machine.cores} cores, load {machine.load:.2f}")
    with tempfile.TemporaryDirectory(prefix="face-growth-") as folder:
        Path(folder).chmod(0o755)  # the database has an account of its own
        if alone:
            gallery = StreamedGallery(faces, dimensions)
            sought = simulation.probes(gallery, probes)
            index = index_growth.measured(gallery, sought, Path(folder) / "index")
            growth = Growth(faces, dimensions, index, None, None)
        else:
            growth = uvloop.run(measured(faces, dimensions, probes, Path(folder)))
    for table in tables([growth]):
        _show(table)
    for name, value in in_short([growth]):
        click.echo(f"{name}: {value}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    click.echo(f"most memory that this process had: {peak / 1e6:.1f} GB")
    if report is not None:
        _keep(growth, report)


def _show(table: Table) -> None:
    for row in table.rows:
        click.echo(table.title)
        for name, value in zip(table.head, row, strict=True):
            click.echo(f"  {name:>28}  {value}")


def _keep(growth: Growth, path: Path) -> None:
    """In the place of the same size, or behind the others."""
    report = msgspec.json.decode(path.read_bytes(), type=Report)
    size = (growth.faces, growth.dimensions)
    others = [each for each in report.search or () if (each.faces, each.dimensions) != size]
    found = sorted([*others, growth], key=lambda each: (each.dimensions, each.faces))
    run, own = report.runs["search"], f"growth of {growth.faces:,}"
    if own not in run.command:
        run = replace(run, command=f"{run.command}; {own}")
    report = replace(report, search=found, runs={**report.runs, "search": run})
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


if __name__ == "__main__":
    main()
