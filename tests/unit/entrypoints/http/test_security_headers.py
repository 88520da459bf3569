"""What browsers are told: of every answer, and of the documentation page."""

from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
from typing_extensions import override

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class _Page(HTMLParser):
    """Collects the addresses of scripts, and whatever a strict policy would not run."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.inline: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "script":
            (self.scripts if found.get("src") else self.inline).append(found.get("src") or tag)
        self.inline += [name for name in found if name.startswith("on") or name == "style"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs/page.js", 200),
        ("GET", "/docs/swagger-ui.css", 200),
        ("GET", "/health/live", 200),
        ("GET", "/api/model", 200),
        ("OPTIONS", "/api/face", 204),
        ("GET", "/nothing", 404),
        ("DELETE", "/api/face/register", 405),
        ("POST", "/api/face/recognize", 422),
    ],
)
async def test_every_answer_has_the_security_headers(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert {name: answer.headers.get_list(name) for name in EVERYWHERE} == {
        name: [value] for name, value in EVERYWHERE.items()
    }
    assert len(answer.headers.get_list("content-security-policy")) == 1
    policy = _policy(answer)
    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]


async def test_a_request_to_a_foreign_host_is_refused_with_the_headers(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/model", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_page_works_under_its_own_policy(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    policy = _policy(answer)
    assert policy["script-src"] == policy["connect-src"] == policy["base-uri"] == ["'self'"]
    page = _Page()
    page.feed(answer.text)
    assert page.inline == []
    assert page.scripts == ["docs/swagger-ui-bundle.js", "docs/page.js"]
    for script in page.scripts:
        found = await client.get(f"/{script}")
        assert (found.status_code, found.headers["content-type"].partition(";")[0]) == (
            200,
            "text/javascript",
        )
    assert "SwaggerUIBundle(" in (await client.get("/docs/page.js")).text


def _policy(answer: Any) -> dict[str, list[str]]:
    directives = answer.headers["content-security-policy"].split(";")
    return {name: sources for name, *sources in map(str.split, directives)}
