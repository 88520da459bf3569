"""The documentation is a site whose links lead somewhere, and which asks nobody else for anything."""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from mkdocs.exceptions import Abort
from typing_extensions import override

from tests import site

LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class Loaded(HTMLParser):
    """What a page loads by itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(LOADED.get(tag, ""))
        if address:
            self.addresses.append(address)


def test_it_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site.build_site(tmp_path)
    pages = list(tmp_path.rglob("index.html"))
    assert {tmp_path / "index.html", tmp_path / "docs" / "reference" / "command-line" / "index.html"} <= set(
        pages
    )
    loaded = {address for page in pages for address in Loaded(page.read_text()).addresses}
    assert loaded
    assert [address for address in loaded if "//" in address] == []


def test_a_link_that_leads_nowhere_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in site.SOURCES:
        path = tmp_path / name
        path.mkdir() if (site.PROJECT / name).is_dir() else path.touch()
    (tmp_path / "README.md").write_text("[nowhere](docs/nowhere.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nvalidation: {links: {not_found: warn}}\n")
    monkeypatch.setattr(site, "PROJECT", tmp_path)
    with pytest.raises(Abort):
        site.build_site(tmp_path / "site")
