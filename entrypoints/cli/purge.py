"""`face-api purge`."""

import click

from entrypoints.cli.bulk import BEGIN_ANEW, JSON, run_with_storage
from entrypoints.cli.reports import Report, output_report


class PurgeReport(Report, kw_only=True):
    """What was done."""

    left: list[str]
    """What could not be removed."""


@click.command()
@JSON
def purge(*, as_json: bool) -> None:
    """Remove the bytes of deleted faces, people and their names from the database's files and from saved indexes.

    Deleting takes them out of all answers at once; their bytes stay for a while. Afterwards no file of the data
    directory has them. The service may run: requests wait while a table is rewritten, seconds for a million faces
    on a fast disk, and get 503 after 15 seconds. It needs as much free disk as the largest table.

    It can't reach your backups, exports and other copies, or what a file system or an SSD keeps of deleted files.
    """
    left = run_with_storage(lambda container: container.purge_deleted().execute(), advice=BEGIN_ANEW)
    report = PurgeReport(left=list(left))
    lines = [f"purged: {report.seconds} s", *(f"not removed: {each}" for each in left)]
    output_report(report, "\n".join(lines), as_json=as_json)
