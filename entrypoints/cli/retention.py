"""`face-api retention`: how long people are kept."""

from typing import TYPE_CHECKING

import click

from application.errors import CommandError
from application.retention import AppliedRetention
from domain.people import Collection
from domain.retention import MAX_RETENTION_DAYS, Retention, RetentionFrom
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.reports import Report, count, output_report

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container


class RetentionReport(Report, kw_only=True):
    """What was deleted, or would be."""

    collections: list[AppliedRetention]


@click.group()
def retention() -> None:
    """Say how long people are kept, and delete who is older."""


@retention.command("set")
@click.argument("collection")
@click.option("--days", type=click.IntRange(1, MAX_RETENTION_DAYS), help="how long people are kept")
@click.option("--keep", is_flag=True, help="keep everybody for good")
@click.option(
    "--from",
    "since",
    type=click.Choice([each.value for each in RetentionFrom]),
    help="from when on the days are counted; without it as before, enrolment at first",
)
@JSON
def set_rule(collection: str, days: int | None, since: str | None, *, keep: bool, as_json: bool) -> None:
    """Change how long COLLECTION keeps people.

    A running service deletes within the hour who is older by then; see the number before with
    `face-api retention apply --dry-run`.
    """
    if keep == (days is not None):
        raise click.UsageError("give --days or --keep")

    async def work(container: "Container") -> Collection:
        manage = container.manage_collections()
        before = (await manage.get(collection)).retention
        return await manage.set_retention(
            collection, Retention(days, RetentionFrom(since) if since else before.since)
        )

    changed = run_with_storage(work)
    report = {"collection": changed.name, "days": changed.retention.days, "from": changed.retention.since}
    output_report(report, _rule(changed.name, changed.retention), as_json=as_json)


@retention.command("apply")
@click.option("--dry-run", is_flag=True, help="count, and delete nothing")
@JSON
def apply(*, dry_run: bool, as_json: bool) -> None:
    """Delete now who is older than the collections' rules say.

    A running service does it every hour.
    """
    applied = run_with_storage(lambda container: container.apply_retention().execute(dry_run=dry_run))
    if applied is None:
        raise CommandError("another process is deleting by age: nothing was done here")
    report = RetentionReport(collections=list(applied))
    done = "to be deleted" if dry_run else "deleted"
    lines = [
        f"{_rule(one.collection, one.retention)}: {count(one.people, 'person', 'people')} and"
        f" {count(one.faces, 'face', 'faces')} {done}"
        for one in applied
    ]
    output_report(report, "\n".join(lines) or "no collection has a rule", as_json=as_json)


def _rule(name: str, rule: Retention) -> str:
    if rule.days is None:
        return f"{name}: kept for good"
    since = "the last match" if rule.since is RetentionFrom.LAST_MATCH else "enrolment"
    return f"{name}: {count(rule.days, 'day', 'days')} from {since}"
