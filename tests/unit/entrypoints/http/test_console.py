"""The console's files and what browsers are told of them."""

import re

import httpx
import pytest

from entrypoints.http.routes.console import CONSOLE


async def test_the_page_runs_nothing_inline_and_loads_nothing_of_others(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'; style-src 'self'; connect-src 'self'" in policy
    assert not re.search(r"<script>|<style|\son\w+=|\sstyle=|https?://", answer.text)


async def test_all_files_that_the_page_and_its_modules_name_are_served(client: httpx.AsyncClient) -> None:
    page = (await client.get("/console")).text
    named = set(re.findall(r"(?:src|href)=\"console/([^\"]+)\"", page))
    seen: set[str] = set()
    while named - seen:
        name = min(named - seen)
        seen.add(name)
        answer = await client.get(f"/console/{name}")
        assert answer.status_code == 200, name
        expected = "text/css" if name.endswith(".css") else "text/javascript"
        assert answer.headers["content-type"].startswith(expected)
        assert answer.headers["cache-control"] == "no-cache"
        named |= set(re.findall(r"(?:from|import) \"\./([^\"]+)\"", answer.text))
    assert seen == {path.name for path in CONSOLE.iterdir() if path.suffix in {".js", ".css"}}


@pytest.mark.parametrize("name", ["index.html", "nothing.js", "..%2fdocs%2fpage.js", "App.js", ".js"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/console/{name}")).status_code == 404


async def test_with_a_slash_at_the_end_the_page_is_where_its_addresses_hold(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/console/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, "../console")


def test_scripts_make_no_markup_of_text() -> None:
    for path in CONSOLE.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|new Function", path.read_text())
