"""`face-api keys`: API keys."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click
import msgspec

from application.api_keys import IssuedKey, ManageKeys
from domain.api_keys import ApiKey, KeyId, Scope, grant
from domain.people import MAX_ID, collection_name
from entrypoints.bootstrap.container import Container
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.figures import table
from entrypoints.http.views.keys import IssuedKeyView, KeyView

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A number with a unit: 30m, 12h, 90d."""

    name = "duration"

    def convert(self, value: object, _: click.Parameter | None, __: click.Context | None) -> timedelta:
        """Read it."""
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if found is None:
            self.fail("expected a number and s, m, h or d, such as 12h or 90d")
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


KEY = click.argument("key_id", metavar="ID", type=click.IntRange(1, MAX_ID))


@click.group()
def keys() -> None:
    """Create, list, replace and revoke API keys."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="what the key allows; may be given several times",
)
@click.option(
    "--collection",
    "collections",
    metavar="NAME",
    multiple=True,
    help="a collection that it sees; may be given several times; without it, all of them",
)
@click.option("--expires", type=Duration(), metavar="TIME", help="after which it is refused: 12h, 90d")
@JSON
def create(
    name: str, scopes: Sequence[str], collections: Sequence[str], expires: timedelta | None, *, as_json: bool
) -> None:
    """Make a key for NAME.

    Its secret is printed, and can't be shown again.
    """

    async def work(container: Container) -> IssuedKey:
        manage: ManageKeys = container.manage_keys()
        permissions = grant(map(Scope, scopes), map(collection_name, collections) if collections else None)
        return await manage.create(
            name, permissions, None if expires is None else datetime.now(UTC) + expires
        )

    _show_secret(run_with_storage(work), as_json=as_json)


@keys.command("list")
@JSON
def list_keys(*, as_json: bool) -> None:
    """Show all keys, without their secrets."""

    async def work(container: Container) -> Sequence[ApiKey]:
        manage: ManageKeys = container.manage_keys()
        return await manage.list()

    found = run_with_storage(work)
    if as_json:
        click.echo(_json([KeyView.of(key) for key in found]))
        return
    header = ("id", "name", "scopes", "collections", "created", "last used", "state")
    click.echo("\n".join(table(header, map(_row, found))))


@keys.command()
@KEY
@click.option(
    "--overlap",
    type=Duration(),
    default="0s",
    metavar="TIME",
    show_default=True,
    help="for which the old key stays valid: 30m, 24h, 7d",
)
@JSON
def rotate(key_id: int, overlap: timedelta, *, as_json: bool) -> None:
    """Replace key ID by a new one.

    It has the same name and permissions. Its secret is printed, and can't be shown again.
    """

    async def work(container: Container) -> IssuedKey:
        manage: ManageKeys = container.manage_keys()
        return await manage.rotate(KeyId(key_id), overlap)

    _show_secret(run_with_storage(work), as_json=as_json)


@keys.command()
@KEY
def revoke(key_id: int) -> None:
    """Make key ID invalid for good.

    A running service refuses it within two seconds.
    """

    async def work(container: Container) -> ApiKey:
        manage: ManageKeys = container.manage_keys()
        return await manage.revoke(KeyId(key_id))

    click.echo(f"key {key_id} ({run_with_storage(work).name}) is revoked")


def _show_secret(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        click.echo(_json(IssuedKeyView.of(issued)))
        return
    click.echo(issued.secret)
    click.echo(f"key {issued.key.id} ({issued.key.name}): the secret is shown this once", err=True)


def _row(key: ApiKey) -> tuple[object, ...]:
    state = "valid" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d %H:%M}"
    if not key.valid(datetime.now(UTC)):
        state = "expired" if key.revoked_at is None else "revoked"
    return (
        key.id,
        key.name,
        ", ".join(sorted(key.grant.scopes)),
        "all" if key.grant.collections is None else ", ".join(sorted(key.grant.collections)),
        f"{key.created_at:%Y-%m-%d}",
        "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}",
        state,
    )


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
