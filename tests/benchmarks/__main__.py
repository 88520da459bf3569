"""The command line: `python -m tests.benchmarks`, from the repository's root."""

import sys

import click

from application.errors import StartupError
from tests.benchmarks.command import bench


def main() -> None:
    """Measure; what stops the service from starting is one line."""
    try:
        bench(prog_name="python -m tests.benchmarks")
    except StartupError as error:
        click.echo(f"benchmarks: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
