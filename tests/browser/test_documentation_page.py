"""The documentation page in a browser."""

from playwright.sync_api import Page, expect

from tests.browser.chromium import Observed
from tests.e2e.service import Service


def test_the_page_shows_the_operations_and_calls_nobody_else(
    page: Page, observed: Observed, service: Service
) -> None:
    page.goto(str(service.client.base_url))
    expect(page.locator("#operations-tag-Recognition, [id*=recognizeFace]").first).to_be_visible()
    assert observed.console == []
    assert len(observed.requests) > 2
    assert observed.to_other_hosts(page.url) == []


def test_what_a_page_does_is_observed(page: Page, observed: Observed) -> None:
    """Or else the test above would show nothing."""
    page.evaluate("console.error('broken')")
    page.evaluate("fetch('http://evil.example:1/').catch(() => 0)")
    assert "broken" in observed.console
    assert observed.to_other_hosts("http://127.0.0.1:5000/") == ["http://evil.example:1/"]
