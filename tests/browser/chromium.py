"""Debian's Chromium, driven by Playwright, which downloads nothing here."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

START_MS, WAIT_MS = 180_000, 60_000
"""For a browser to start, and for what a page does: beside whatever else the machine does."""

OTHER_SITES = ("evil.example", "friend.example", "rebound.example")
"""Host names that the browser finds on this machine, whatever a name server would say."""

_ARGUMENTS = (
    "--no-sandbox",  # root, as whom containers run tests, has none
    "--disable-dev-shm-usage",
    f"--host-resolver-rules={','.join(f'MAP {name} 127.0.0.1' for name in OTHER_SITES)}",
    # Names of others are this machine here: what is tested is the service, not this guard of the browser.
    "--disable-features=LocalNetworkAccessChecks",
)


def chromium_path() -> str:
    """Where Chromium is; without it the test is skipped, and fails where CI is set."""
    path = shutil.which("chromium")
    if path is None:
        reason = "chromium is not installed"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A headless browser with further arguments, such as those for a fake camera.

    Playwright keeps an event loop in this thread until it ends: no asynchronous test can run meanwhile.
    """
    path = chromium_path()
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=[*_ARGUMENTS, *arguments], timeout=START_MS
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Observed:
    """What a page did."""

    console: list[str] = field(default_factory=list)
    """Errors and warnings of its console, and exceptions that nothing caught."""
    requests: list[str] = field(default_factory=list)
    """The addresses of all its requests."""

    def to_other_hosts(self, own: str) -> list[str]:
        """Requests to another host or port than those of an address; data: and blob: are no requests."""
        here = urlsplit(own).netloc
        return [
            address
            for address in self.requests
            if urlsplit(address).scheme not in {"data", "blob", "about"} and urlsplit(address).netloc != here
        ]


def observe(page: Page) -> Observed:
    """Note from now on what a page does."""
    observed = Observed()
    page.on(
        "console",
        lambda message: (
            observed.console.append(message.text) if message.type in {"error", "warning"} else None
        ),
    )
    page.on("pageerror", lambda error: observed.console.append(str(error)))
    # Of the context: those of workers too.
    page.context.on("request", lambda request: observed.requests.append(request.url))
    page.on("websocket", lambda socket: observed.requests.append(socket.url))
    return observed
