"""A value that is refused is told of in words of ours, and in few."""

from typing import Any

import httpx
import pytest

PHOTO = {"image": ("a.jpg", b"x")}
RECOGNIZE, KEY = "/api/face/recognize", "/api/key"


@pytest.mark.parametrize(
    ("method", "address", "body", "detail"),
    [
        ("POST", RECOGNIZE, {"data": {"faces": "some"}}, "faces: it has to be one of single, largest, all"),
        ("POST", RECOGNIZE, {"data": {"method": "x"}}, "method: it has to be one of nearest, mean, template"),
        ("POST", RECOGNIZE, {"data": {"threshold": "x"}}, "threshold: it has to be a number"),
        ("POST", RECOGNIZE, {"data": {"threshold": "2"}}, "threshold: it has to be at most 1"),
        ("POST", RECOGNIZE, {"data": {"top_k": "1.5"}}, "top_k: it has to be an integer"),
        (
            "POST",
            RECOGNIZE,
            {"data": {"liveness_session": "x" * 65}},
            "liveness_session: its length has to be at most 64",
        ),
        (
            "POST",
            "/api/face/liveness/session?mirrored=maybe",
            {},
            "mirrored: it has to be true or false",
        ),
        ("GET", "/api/face?limit=0", {}, "limit: it has to be at least 1"),
        ("POST", "/api/profile", {"json": []}, "The body: it has to be an object"),
        ("POST", "/api/profile", {"json": {}}, "name: it is required"),
        ("POST", "/api/profile", {"json": {"name": 1}}, "name: it has to be text"),
        (
            "POST",
            "/api/collection",
            {"json": {"name": "a", "retention_from": "birth"}},
            "retention_from: it has to be one of enrolment, last_match",
        ),
        (
            "POST",
            KEY,
            {"json": {"name": "a", "scopes": ["all"]}},
            "scopes[0]: it has to be one of detect, recognize, enrol, manage, metrics, admin",
        ),
        ("POST", KEY, {"json": {"name": "a", "scopes": []}}, "scopes: its length has to be at least 1"),
        (
            "POST",
            KEY,
            {"json": {"name": "a", "scopes": ["admin"], "expires_at": "soon"}},
            "expires_at: not a time as in 2026-11-28T09:30:00Z",
        ),
    ],
    ids=range(15),
)
async def test_a_refused_value(
    client: httpx.AsyncClient, method: str, address: str, body: dict[str, Any], detail: str
) -> None:
    files = PHOTO if "data" in body else None
    answer = await client.request(method, address, files=files, **body)
    assert (answer.status_code, answer.json()["detail"]) == (422, detail)
