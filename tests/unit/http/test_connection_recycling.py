"""Clients that keep a connection are asked to connect again now and then."""

import asyncio
from typing import Any

import pytest

from entrypoints.http.middleware.connection_recycling import ANSWERS_PER_CONNECTION, recycle_connections


def sent(message: dict[str, Any]) -> dict[str, Any]:
    asyncio.run(recycle_connections(message, {}))  # type: ignore[arg-type]
    return message


@pytest.mark.parametrize(("drawn", "closes"), [(0, True), (1, False), (ANSWERS_PER_CONNECTION - 1, False)])
def test_one_answer_in_many_is_the_last_of_its_connection(
    monkeypatch: pytest.MonkeyPatch,
    drawn: int,
    closes: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr("random.randrange", lambda _: drawn)
    start = sent({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    assert ((b"connection", b"close") in start["headers"]) is closes
    assert (b"content-length", b"2") in start["headers"]


def test_nothing_but_the_start_of_an_answer_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.randrange", lambda _: 0)
    assert sent({"type": "http.response.body", "body": b"{}"}) == {
        "type": "http.response.body",
        "body": b"{}",
    }
