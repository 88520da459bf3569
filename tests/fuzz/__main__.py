"""python -m tests.fuzz: many random requests against a service of its own."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

import click

from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces
from tests.fuzz.memory import memory_mb, trend
from tests.fuzz.run import Outcome, acquainted, errors_in, send

GROWTH = 1.1
"""The most memory at the end, in the highest that the first half of the requests has seen, if it still rises."""
LOOKS = 20
"""Number of looks at the memory, at equal distances."""


@click.command()
@click.option("--requests", "count", type=click.IntRange(LOOKS), default=100_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--clients", type=click.IntRange(1, 256), default=16, show_default=True)
def fuzz(count: int, seed: int, clients: int) -> None:
    """Send random requests; the exit status is 1 if the service answers one of them as it must not."""
    faces, block = sample_faces(), count // LOOKS
    outcome = Outcome()
    looks: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(prefix="face-fuzz-") as folder, Service(Path(folder)) as service:
        begun = time.perf_counter()
        for first in range(0, count, block):
            some = min(block, count - first)
            known = acquainted(service)
            outcome.add(asyncio.run(send(service.port, some, seed, faces, known, clients, first=first)))
            looks.append((first + some, memory_mb(service.process.pid)))
            click.echo(
                f"{first + some} requests in {time.perf_counter() - begun:.0f} s, {looks[-1][1]:.0f} MB,"
                f" slowest {outcome.slowest_s:.1f} s, wrong {len(outcome.wrong)}"
            )
        problems = [*outcome.wrong, *errors_in(service.log.read_text()), *growth(looks)]
    statuses = ", ".join(f"{n} x {s}" for s, n in sorted(outcome.statuses.items()))
    click.echo(f"{count} requests, seed {seed}: {statuses}; slowest {outcome.slowest_s:.1f} s")
    late = trend(looks[len(looks) // 2 :])
    click.echo(
        f"memory in the second half: {late.slope * 10_000:+.2f} MB"
        f" ({late.error * 10_000:.2f}, standard error) each 10,000 requests"
    )
    for problem in problems:
        click.echo(problem, err=True)
    sys.exit(1 if problems else 0)


def growth(looks: list[tuple[float, float]]) -> list[str]:
    """What is wrong with the memory (numbers of requests, MB): it may rise to a level."""
    half = len(looks) // 2
    level, late = max(memory for _, memory in looks[:half]), looks[half:]
    if trend(late).rises and late[-1][1] > GROWTH * level:
        return [f"memory has grown from {level:.0f} to {late[-1][1]:.0f} MB and still rises"]
    return []


if __name__ == "__main__":
    fuzz()
