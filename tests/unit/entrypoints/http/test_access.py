"""Which requests pass the guard."""

import functools
import re
from http import HTTPStatus
from typing import Any, cast

import httpx
import pytest
from dependency_injector import providers
from litestar import Litestar

from domain.api_keys import Scope
from domain.errors import AccessDenied
from entrypoints.bootstrap.address import is_loopback
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.access import ACCESS, BrowserRules, required_access
from entrypoints.http.app import create_api

RULES = BrowserRules(frozenset({"faces.example.com"}), frozenset({"https://shop.example.com"}))


@functools.cache
def api() -> Litestar:
    return create_api(Container(settings=providers.Object(Settings(database_url="memory"))))


def routes() -> set[tuple[str, str]]:
    return {
        (method, route.path_format.removesuffix("/json"))
        for route in api().routes
        for method in route.methods
        if method not in {"OPTIONS", "HEAD"}
    }


def test_every_operation_says_what_it_needs() -> None:
    there = {route for route in routes() if route[1].startswith(("/api", "/health"))}
    assert there == {route for route in ACCESS if route[1].startswith(("/api", "/health"))}


async def test_every_operation_is_guarded() -> None:
    transport = httpx.ASGITransport(cast("Any", api()))
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example.com") as client:
        for route in api().routes:
            for method in route.methods:
                answer = await client.request(method, re.sub(r"\{[^}]*\}", "1", route.path_format))
                assert answer.status_code == HTTPStatus.FORBIDDEN, (method, route.path_format)


def test_an_operation_that_is_not_in_the_table_needs_an_administrator() -> None:
    assert required_access("POST", "/api/new") is Scope.ADMIN


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:5000",
        "127.0.0.1:5000",
        "[::1]:5000",
        "192.168.1.5",
        "faces.example.com:443",
        None,
    ],
)
def test_hosts_of_ours(host: str | None) -> None:
    RULES.check(host, None)


@pytest.mark.parametrize(
    "host", ["evil.example.com", "", "localhost.evil.com", "faces.example.com.evil.com", "[::1"]
)
def test_other_hosts(host: str) -> None:
    with pytest.raises(AccessDenied):
        RULES.check(host, None)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:5000", "http://localhost:5000"),
        ("faces.example.com", "https://faces.example.com"),
        ("faces.example.com:443", "https://faces.example.com"),
        ("localhost", "https://shop.example.com"),
    ],
)
def test_origins_of_ours(host: str, origin: str) -> None:
    RULES.check(host, origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:5000", "http://localhost:3000"),
        ("localhost:5000", "http://evil.example.com"),
        ("localhost:5000", "null"),
        ("localhost", ""),
        ("faces.example.com", "https://faces.example.com.evil.com"),
        ("127.0.0.1:5000", "http://localhost:5000"),
        ("localhost:5000", "http://["),
    ],
)
def test_other_origins(host: str, origin: str) -> None:
    with pytest.raises(AccessDenied):
        RULES.check(host, origin)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104
        ("::", False),
        ("192.0.2.1", False),
        ("nowhere.invalid", False),
    ],
)
def test_loopback(host: str, *, local: bool) -> None:
    assert is_loopback(host) == local
