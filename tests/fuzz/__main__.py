"""python -m tests.fuzz: many random requests against a service of its own."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces
from tests.fuzz.memory import memory_mb
from tests.fuzz.run import Outcome, errors_in, send

GROWTH = 1.1
"""The most memory at the end, in that after the first tenth of the requests."""


@click.command()
@click.option("--requests", "count", type=click.IntRange(10), default=100_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--clients", type=click.IntRange(1, 256), default=8, show_default=True)
def fuzz(count: int, seed: int, clients: int) -> None:
    """Send random requests; the exit status is 1 if the service answers one of them as it must not."""
    faces = sample_faces()
    with tempfile.TemporaryDirectory(prefix="face-fuzz-") as folder, Service(Path(folder)) as service:
        first = asyncio.run(send(service.port, count // 10, seed, faces, clients))
        warm_mb = memory_mb(service.process.pid)
        rest = asyncio.run(send(service.port, count - count // 10, seed + 1, faces, clients))
        final_mb = memory_mb(service.process.pid)
        problems = judged(first, rest, errors_in(service.log.read_text()), warm_mb, final_mb)
    statuses = first.statuses + rest.statuses
    click.echo(
        f"{count} requests, seed {seed}: " + ", ".join(f"{n} x {s}" for s, n in sorted(statuses.items()))
    )
    click.echo(
        f"slowest {max(first.slowest_s, rest.slowest_s):.1f} s; memory {warm_mb:.0f} to {final_mb:.0f} MB"
    )
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


def judged(first: Outcome, rest: Outcome, errors: list[str], warm_mb: float, final_mb: float) -> list[str]:
    """What must not be."""
    problems = [*first.wrong, *rest.wrong, *errors]
    if final_mb > GROWTH * warm_mb:
        problems.append(f"memory has grown from {warm_mb:.0f} to {final_mb:.0f} MB")
    return problems


if __name__ == "__main__":
    fuzz()
