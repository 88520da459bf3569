"""`face-api audit`: the audit trail."""

import click

from application.errors import CommandError
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.reports import count, output_report

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
    last = f"{count(found.entries, 'entry', 'entries')}, the last is {found.last_id}: {found.last_hash}"
    output_report(found, "\n".join([*found.problems[:_SHOWN], last]), as_json=as_json)
    if found.problems:
        raise CommandError(f"the audit trail is broken in {count(len(found.problems), 'place', 'places')}")
