"""`face-api keys`: API keys."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from application.api_keys import IssuedKey
from domain.api_keys import ApiKey, KeyId, Scope, grant
from domain.limits import MAX_CONCURRENT_PHOTOS, MAX_REQUESTS_PER_MINUTE, Limits
from domain.people import MAX_ID, collection_name
from entrypoints.cli.bulk import JSON, run_with_storage
from entrypoints.cli.figures import table
from entrypoints.cli.reports import echo_json, output_report
from entrypoints.http.views.keys import IssuedKeyView, KeyView

if TYPE_CHECKING:
    from entrypoints.bootstrap.container import Container

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


class Limit(click.ParamType[int | None]):
    """A number, or `default` for that of the settings."""

    name = "limit"

    def __init__(self, most: int) -> None:
        self._most = most

    def convert(self, value: object, _: click.Parameter | None, __: click.Context | None) -> int | None:
        """Read it; None is the default."""
        text = str(value)
        if text == "default":
            return None
        if not re.fullmatch(r"\d{1,7}", text) or int(text) > self._most:
            self.fail(f"expected a number up to {self._most:,} (0: unlimited), or default")
        return int(text)


KEY = click.argument("key_id", metavar="ID", type=click.IntRange(1, MAX_ID))


REQUESTS = click.option(
    "--requests-per-minute",
    type=Limit(MAX_REQUESTS_PER_MINUTE),
    metavar="NUMBER",
    help="in any 60 seconds; 0: unlimited; default: FACE_REQUESTS_PER_MINUTE",
)
PHOTOS = click.option(
    "--concurrent-photos",
    type=Limit(MAX_CONCURRENT_PHOTOS),
    metavar="NUMBER",
    help="in work at once; 0: unlimited; default: FACE_CONCURRENT_PHOTOS",
)


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
@REQUESTS
@PHOTOS
@JSON
def create(
    name: str,
    scopes: Sequence[str],
    collections: Sequence[str],
    expires: timedelta | None,
    requests_per_minute: int | None,
    concurrent_photos: int | None,
    *,
    as_json: bool,
) -> None:
    """Make a key for NAME.

    Its secret is printed, and can't be shown again.
    """

    async def work(container: "Container") -> IssuedKey:
        permissions = grant(map(Scope, scopes), map(collection_name, collections) if collections else None)
        return await container.manage_keys().create(
            name,
            permissions,
            None if expires is None else datetime.now(UTC) + expires,
            Limits(requests_per_minute, concurrent_photos),
        )

    _show_secret(run_with_storage(work), as_json=as_json)


@keys.command("list")
@JSON
def list_keys(*, as_json: bool) -> None:
    """Show all keys, without their secrets."""
    found = run_with_storage(lambda container: container.manage_keys().list())
    header = ("id", "name", "scopes", "collections", "limits", "created", "last used", "state")
    text = "\n".join(table(header, map(_row, found)))
    output_report([KeyView.of(key) for key in found], text, as_json=as_json)


@keys.command()
@KEY
@REQUESTS
@PHOTOS
@JSON
@click.pass_context
def change(
    context: click.Context,
    key_id: int,
    requests_per_minute: int | None,
    concurrent_photos: int | None,
    *,
    as_json: bool,
) -> None:
    """Change the limits of key ID.

    A running service obeys within two seconds.
    """
    given = {
        name
        for name in ("requests_per_minute", "concurrent_photos")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if not given:
        raise click.UsageError("nothing to change: give --requests-per-minute or --concurrent-photos")

    def changed(old: Limits) -> Limits:
        return Limits(
            requests_per_minute if "requests_per_minute" in given else old.requests_per_minute,
            concurrent_photos if "concurrent_photos" in given else old.concurrent_photos,
        )

    key = run_with_storage(lambda container: container.manage_keys().change(KeyId(key_id), changed))
    text = (
        f"key {key_id} ({key.name}): requests a minute {_shown(key.limits.requests_per_minute)},"
        f" concurrent photos {_shown(key.limits.concurrent_photos)}"
    )
    output_report(KeyView.of(key), text, as_json=as_json)


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

    It has the same name, permissions and limits. Its secret is printed, and can't be shown again.
    """
    issued = run_with_storage(lambda container: container.manage_keys().rotate(KeyId(key_id), overlap))
    _show_secret(issued, as_json=as_json)


@keys.command()
@KEY
@JSON
def revoke(key_id: int, *, as_json: bool) -> None:
    """Make key ID invalid for good.

    A running service refuses it within two seconds.
    """
    key = run_with_storage(lambda container: container.manage_keys().revoke(KeyId(key_id)))
    output_report(KeyView.of(key), f"key {key_id} ({key.name}) is revoked", as_json=as_json)


def _show_secret(issued: IssuedKey, *, as_json: bool) -> None:
    if as_json:
        echo_json(IssuedKeyView.of(issued))
        return
    click.echo(issued.secret)
    click.echo(f"key {issued.key.id} ({issued.key.name}): the secret is shown this once", err=True)


def _shown(limit: int | None) -> str:
    return {None: "default", 0: "unlimited"}.get(limit, str(limit))


def _row(key: ApiKey) -> tuple[object, ...]:
    state = "valid" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d %H:%M}"
    if not key.valid(datetime.now(UTC)):
        state = "expired" if key.revoked_at is None else "revoked"
    return (
        key.id,
        key.name,
        ", ".join(sorted(key.grant.scopes)),
        "all" if key.grant.collections is None else ", ".join(sorted(key.grant.collections)),
        f"{_shown(key.limits.requests_per_minute)}/{_shown(key.limits.concurrent_photos)}",
        f"{key.created_at:%Y-%m-%d}",
        "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}",
        state,
    )
