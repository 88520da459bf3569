"""The simulation beside real services: what it says of 1 and 16 clients, from what was measured with 8.

The simulation is fed with what a request of eight clients takes of the processor in workers, in the rest of each
service and in the client, and with what other programs leave of the cores: one job gets what a thread got that
analyses photos here, more get what the services got together while eight clients asked, both before and after the
load in question.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from tests.benchmarks.capacity.deployments import Deployment, OneProcess, ThreeServices, running
from tests.benchmarks.capacity.service import Figures
from tests.benchmarks.command import rig_of
from tests.benchmarks.load import Outcome, run
from tests.benchmarks.rig import THOROUGH
from tests.benchmarks.served import folder
from tests.benchmarks.statistics import percentile

CHECKED = (1, 16)
KINDS: Mapping[str, type[Deployment]] = {"one": OneProcess, "three": ThreeServices}
_RUNS = 9
"""Of the simulation, whose median counts."""


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice([*KINDS]))
@click.option("--rounds", type=click.IntRange(1, 100), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=4.0, show_default=True, help="of a load")
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(kinds: tuple[str, ...], rounds: int, seconds: float, images: Path | None) -> None:
    """Print for 1 and 16 clients what was measured, what was simulated, and by how much they differ.

    Of KINDS, one process and three services, both unless one is named.
    """
    rig = rig_of(images, None, THOROUGH)
    for kind in kinds or KINDS:
        with folder() as home, running(KINDS[kind], rig, Path(home), seconds) as deployment:
            click.echo(f"{deployment.name}:")
            run(deployment.port, deployment.requests, max(CHECKED), 60, most=len(deployment.requests))
            _compare(deployment, rounds, seconds)


def _compare(deployment: Deployment, rounds: int, seconds: float) -> None:
    found: dict[int, list[tuple[Outcome, Figures]]] = defaultdict(list)
    for number in range(rounds):
        deployment.fed()
        for clients in CHECKED:
            around = deployment.alone if clients == 1 else deployment.fed
            before = around()
            outcome = run(deployment.port, deployment.requests, clients, seconds)
            cores = (before + around()) / 2
            available = [cores] if clients == 1 else [min(1.0, cores), cores]
            runs = [deployment.simulated(clients, seconds, available, seed) for seed in range(_RUNS)]
            figures = sorted(runs, key=lambda each: each.per_second)[_RUNS // 2]
            found[clients].append((outcome, figures))
            click.echo(
                f"round {number + 1}, {clients:2} clients, {_times(deployment)}, {cores:.2f} cores: measured"
                f" {outcome.per_second:5.1f} a second, simulated {figures.per_second:5.1f}; p50"
                f" {percentile(outcome.answered, 0.5) * 1e3:5.0f} and {figures.ms(0.5):5.0f} ms"
            )
    for clients, rows in found.items():
        rates = [figures.per_second / outcome.per_second for outcome, figures in rows]
        middles = [figures.ms(0.5) / 1e3 / percentile(outcome.answered, 0.5) for outcome, figures in rows]
        click.echo(
            f"{deployment.name}, {clients} clients, simulated by measured, medians of {len(rows)} rounds:"
            f" answers a second {_middle(rates)}, p50 {_middle(middles)}"
        )


def _times(deployment: Deployment) -> str:
    each = "; ".join(f"{worked * 1e3:.1f} + {rest * 1e3:.1f}" for worked, rest in deployment.spent)
    return f"{each} ms in workers + the rest"


def _middle(ratios: Iterable[float]) -> str:
    ordered = sorted(ratios)
    return f"{statistics.median(ordered):.2f} ({ordered[0]:.2f} to {ordered[-1]:.2f})"
