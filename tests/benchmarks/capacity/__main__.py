"""The simulation's command line.

python -m tests.benchmarks.capacity check [one] [three] [--images FOLDER]
python -m tests.benchmarks.capacity plan --rate 100 --instances 3 --cores 4 --worker-ms 34 --search-ms 2
"""

import click

from tests.benchmarks.capacity.check import check
from tests.benchmarks.capacity.service import Request, Topology, by_rate


@click.group()
def main() -> None:
    """Simulate a service, or compare the simulation with a real one."""


main.add_command(check)


@main.command()
@click.option("--rate", type=click.FloatRange(0, min_open=True), required=True, help="requests a second")
@click.option("--instances", type=click.IntRange(1), default=1, show_default=True)
@click.option("--cores", type=click.IntRange(1), default=4, show_default=True, help="of each instance")
@click.option("--database-cores", type=click.IntRange(1), default=4, show_default=True)
@click.option("--worker-ms", type=float, default=34.0, show_default=True, help="a photo; 0 for embeddings")
@click.option("--loop-ms", type=float, default=2.5, show_default=True)
@click.option("--search-ms", type=float, default=0.4, show_default=True, help="the index, by the faces")
@click.option("--database-ms", type=float, default=0.6, show_default=True)
@click.option("--network-ms", type=float, default=0.5, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True)
def plan(
    rate: float,
    instances: int,
    cores: int,
    database_cores: int,
    worker_ms: float,
    loop_ms: float,
    search_ms: float,
    database_ms: float,
    network_ms: float,
    seconds: float,
) -> None:
    """What becomes of requests that come by chance; the times are processor time of one request."""
    topology = Topology(
        instances=instances,
        cores=cores,
        workers=cores + 1,
        processes=max(1, cores // 4),
        database_cores=database_cores,
    )
    request = Request(
        worker=[worker_ms / 1e3],
        loop=loop_ms / 1e3,
        search=search_ms / 1e3,
        database=database_ms / 1e3,
        network=network_ms / 1e3,
    )
    figures = by_rate(topology, request, rate, seconds)
    click.echo(
        f"{figures.per_second:,.1f} answers a second, p50 {figures.ms(0.5):.1f} ms, p99 {figures.ms(0.99):.1f} ms,"
        f" {figures.waiting} waiting at the end; cores of the instances {figures.instances:.0%} busy,"
        f" of the database {figures.database:.0%}"
    )


if __name__ == "__main__":
    main()
