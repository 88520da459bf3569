"""What answers look like."""

import time
from typing import Any

import httpx


def envelope(response: httpx.Response, status: int = 200) -> dict[str, Any]:
    """The body of an answer that has this status."""
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert body["status"] == ("success" if status == httpx.codes.OK else "error")
    assert isinstance(body["timestamp"], str)
    assert abs(int(body["timestamp"]) - time.time()) < 60
    return body


def refusal(response: httpx.Response, status: int, code: str) -> str:
    """The words of a refusal."""
    body = envelope(response, status)
    assert body["code"] == code
    assert set(body) <= {"timestamp", "status", "detail", "code", "data"}
    return str(body["detail"])
