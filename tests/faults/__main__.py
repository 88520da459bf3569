"""python -m tests.faults: rounds of SIGKILL to a service of its own."""

import sys
import tempfile
from collections import Counter
from itertools import cycle, islice
from pathlib import Path

import click

from tests.faults.photos import portraits
from tests.faults.rounds import CLIENTS, KINDS, PHOTOS, Report, Round, run


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--faces",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="a folder a person, with photos",
)
def faults(rounds: int, seed: int, faces: Path) -> None:
    """Kill processes of a service under load; the exit status is 1 if anything was lost or answered that is gone."""
    photos = portraits(faces, CLIENTS * PHOTOS)
    kinds = list(islice(cycle(KINDS), rounds))
    with tempfile.TemporaryDirectory(prefix="face-faults-") as folder:
        Path(folder).chmod(0o755)  # the database has an account of its own
        report = run(Path(folder), photos, kinds, seed, lambda round_: click.echo(line(round_)))
    click.echo(summary(report))
    sys.exit(1 if report.ledger.problems else 0)


def line(round_: Round) -> str:
    """What happened in a round."""
    again = ", and everything again while it returned" if round_.twice else ""
    return (
        f"{round_.kind} ({round_.killed} killed{again}):"
        f" answered after {round_.answered_s:.1f} s, complete after {round_.back_s:.1f} s"
    )


def summary(report: Report) -> str:
    """The figures of all rounds."""
    ledger = report.ledger
    kinds = Counter(round_.kind for round_ in report.rounds)
    figures = (
        f"{len(report.rounds)} rounds ({', '.join(f'{count} {kind}' for kind, count in kinds.items())}):"
        f" {ledger.registered} registrations and {len(ledger.deleted_faces)} deletions acknowledged,"
        f" {ledger.answered} searches checked, {ledger.unanswered} requests without an answer,"
        f" {report.starts} starts by the init system,"
        f" longest return {max(round_.back_s for round_ in report.rounds):.1f} s,"
        f" {len(ledger.problems)} problems"
    )
    return "\n".join([figures, *ledger.problems[:20]])


if __name__ == "__main__":
    faults()
