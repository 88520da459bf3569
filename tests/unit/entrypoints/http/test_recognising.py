"""Requests for a recognition are answered beside the framework, unless they have parameters: nobody can tell."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from dependency_injector import providers

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.app import create_app

RECOGNIZE = "/api/face/recognize"
SAID_ANYWAY = {"faces": "largest"}
"""The default, as a parameter."""


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    limited = Settings(
        database_url="memory", data_dir=tmp_path, workers=1, processes=1, requests_per_minute=100
    )
    container = Container(settings=providers.Object(limited))
    transport = httpx.ASGITransport(cast("Any", create_app(container)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        yield client
    container.workers().close()


def remaining(answer: httpx.Response) -> int:
    _, left, _ = answer.headers["ratelimit"].split(";")
    return int(left.removeprefix("r="))


@pytest.mark.parametrize("data", [{}, SAID_ANYWAY])
async def test_a_request_counts_once(client: httpx.AsyncClient, data: Mapping[str, str]) -> None:
    left = [
        remaining(await client.post(RECOGNIZE, data=data, files={"image": b"no photo"})) for _ in range(3)
    ]
    assert left == [99, 98, 97]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"files": {"image": b"no photo"}}, 422),
        ({"files": {"image1": b"no photo"}}, 422),
        ({"content": b"no photo"}, 422),
        ({"content": b""}, 422),
        ({"json": {"image": "AAAA"}}, 422),
        ({"json": {"embedding": [1, 2, 3]}}, 422),
        ({"json": {"embedding": "x"}}, 422),
        ({"json": {"image": "AAAA", "zzz": 1}}, 422),
        ({"content": b"--", "headers": {"Content-Type": "multipart/form-data; boundary=a"}}, 422),
        ({"content": b"x", "headers": {"Content-Type": "text/plain"}}, 422),
        ({"files": {"image": b"no photo"}, "headers": {"Host": "elsewhere.example"}}, 403),
        ({"files": {"image": b"no photo"}, "headers": {"X-API-Key": "wrong"}}, 401),
        ({"files": {"image": bytes(30_000_000)}}, 413),
    ],
)
async def test_refusals_are_the_frameworks(
    client: httpx.AsyncClient, body: Mapping[str, Any], status: int
) -> None:
    beside = await client.post(RECOGNIZE, **body)
    within = await client.post(RECOGNIZE, params=SAID_ANYWAY, **body)
    assert beside.status_code == within.status_code == status
    one, other = beside.json(), within.json()
    assert {**one, "timestamp": ""} == {**other, "timestamp": ""}
    assert set(beside.headers) == set(within.headers)


async def test_other_methods_are_left_to_the_framework(client: httpx.AsyncClient) -> None:
    assert (await client.get(RECOGNIZE)).status_code == 405
    assert (await client.options(RECOGNIZE)).headers["allow"] == "OPTIONS, POST"
