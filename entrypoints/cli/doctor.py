"""`face-api doctor`."""

import click
import uvloop
from dependency_injector import providers
from rich.console import Console
from rich.table import Table

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.diagnosis import Finding, diagnose
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.bulk import JSON
from entrypoints.cli.reports import echo_json

_COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command()
@JSON
@click.pass_context
def doctor(context: click.Context, *, as_json: bool) -> None:
    """Check what the service needs: settings, memory, disk, address, models, database, keys.

    It writes nothing before the first start, and afterwards nothing but what a start would: a database of an earlier
    version is migrated.
    It ends with status 1 if a check has found an error, that is, if the service would not start or not work.
    """
    container = Container(settings=providers.Object(load_settings()))
    findings = uvloop.run(_findings(container))
    if as_json:
        echo_json(findings)
    else:
        table = Table(box=None, pad_edge=False, show_header=False)
        for finding in findings:
            colour = _COLOURS[finding.state]
            table.add_row(f"[{colour}]{finding.state}", finding.check, finding.text)
        Console().print(table)
    if any(finding.state == "error" for finding in findings):
        context.exit(1)


async def _findings(container: Container) -> list[Finding]:
    try:
        return [finding async for finding in diagnose(container)]
    finally:
        container.workers().close()
