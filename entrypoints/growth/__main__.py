"""How search keeps up as the gallery grows.

python -m entrypoints.growth --size 10000 --size 100000 --json growth.json
"""

import asyncio
import tempfile
from pathlib import Path

import click
import msgspec
from rich.console import Console

from entrypoints.growth.measure import measured
from entrypoints.growth.tables import tables


@click.command()
@click.option("--size", "sizes", type=int, multiple=True, default=(10_000, 100_000), show_default=True)
@click.option("--dimensions", type=int, default=128, show_default=True)
@click.option("--probes", type=int, default=1000, show_default=True)
@click.option("--database/--no-database", default=True, help="Search a database of them, too.")
@click.option("--hnsw", is_flag=True, help="And by a graph: 8 minutes for a million.")
@click.option("--json", "report", type=click.Path(path_type=Path), help="Write all figures there.")
def main(
    sizes: tuple[int, ...], dimensions: int, probes: int, report: Path | None, *, database: bool, hnsw: bool
) -> None:
    """Measure search among simulated faces."""
    growth = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            work = measured(size, dimensions, probes, Path(folder), database=database, graph=hnsw)
            growth.append(asyncio.run(work))
    if report is not None:
        report.write_bytes(msgspec.json.format(msgspec.json.encode(growth)))
    console = Console(width=170)
    for table in tables(growth):
        console.print(table)


if __name__ == "__main__":
    main()
