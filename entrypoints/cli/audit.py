"""`face-api audit`: the audit trail."""

import click

from application.errors import CommandError
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.reports import count, echo_json

_SHOWN = 20
"""Problems that are printed."""


@click.group()
def audit() -> None:
    """Check the audit trail."""


@audit.command()
@JSON
def verify(*, as_json: bool) -> None:
    """Check that no audit entry was changed, removed or inserted; the exit status is 1 if one was.

    The hash of the last entry stands for all of them: kept elsewhere, it shows later that they are the same ones.
    """
    found = run_with_storage(lambda container: container.read_audit().verify())
    if as_json:
        echo_json(found)
    else:
        for problem in found.problems[:_SHOWN]:
            click.echo(problem)
        click.echo(
            f"{count(found.entries, 'entry', 'entries')}, the last is {found.last_id}: {found.last_hash}"
        )
    if found.problems:
        raise CommandError(f"the audit trail is broken in {count(len(found.problems), 'place', 'places')}")
