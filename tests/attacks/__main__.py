"""python -m tests.attacks: attacks on a service of its own, and what they do to good clients."""

import sys

import click

from tests.attacks.kinds import ATTACKS
from tests.attacks.measure import Outcome, measure

LEAST_THROUGHPUT = 0.8
MOST_GROWTH = 1.1
MOST_STOP_S = 35.0


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(ATTACKS)))
@click.option(
    "--seconds", type=click.FloatRange(1), default=5.0, show_default=True, help="of each measurement"
)
@click.option("--runs", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--addresses", type=click.IntRange(1, 250), default=1, show_default=True, help="of the attacker"
)
def attacks(names: tuple[str, ...], seconds: float, runs: int, addresses: int) -> None:
    """Attack a service beside ten good clients; the exit status is 1 if one of the bounds isn't held."""
    failed = False
    for name in names or ATTACKS:
        click.echo(f"{name} ({ATTACKS[name].what})")
        for _ in range(runs):
            outcome = measure(name, seconds, addresses)
            problems = judged(outcome)
            failed = failed or bool(problems)
            click.echo(f"  {described(outcome)}{'; NOT HELD: ' if problems else ''}{', '.join(problems)}")
    sys.exit(1 if failed else 0)


def described(outcome: Outcome) -> str:
    """One line."""
    before, peak, after = outcome.memory_mb
    return (
        f"throughput {outcome.throughput:.2f}, by processor time {outcome.efficiency:.2f}"
        f" ({outcome.before.rate:.0f}, {outcome.under.rate:.0f} under attack,"
        f" {outcome.after.rate:.0f} a second), 503 {outcome.under.busy:.0%}, slowest {outcome.under.slowest_s:.1f} s,"
        f" attacker {outcome.attacker_cores:.2f} cores, memory {before:.0f}, {peak:.0f} at most, {after:.0f} MB,"
        f" stopped in {outcome.stop_s:.1f} s"
    )


def judged(outcome: Outcome) -> list[str]:
    """The bounds that weren't held."""
    problems = [*outcome.errors[:3]]
    if outcome.throughput < LEAST_THROUGHPUT and outcome.efficiency < LEAST_THROUGHPUT:
        problems.append("throughput")
    elif outcome.throughput < LEAST_THROUGHPUT:
        problems.append(f"throughput (undecided: the machine's noise is {outcome.noise:.1f})")
    if outcome.growth > MOST_GROWTH:
        problems.append("memory")
    if outcome.stop_s > MOST_STOP_S:
        problems.append("stop")
    return problems


if __name__ == "__main__":
    attacks()
