"""The measured part of a Markdown page, between two marks, and the charts beside it."""

from pathlib import Path

import click

from tests.benchmarks import charts
from tests.benchmarks.report import Report
from tests.benchmarks.tables import markdown

BEGIN, END = "<!-- measured -->", "<!-- end of what is measured -->"
FOLDER = "pictures"
"""Of the charts, beside the page."""


def check_page(page: Path) -> None:
    """Find out before the work whether it can be written.

    Raises:
        click.ClickException: it can't.
    """
    _parts(page)


def write_page(page: Path, report: Report) -> None:
    """Replace what is between the marks, and draw the charts."""
    before, after = _parts(page)
    charts.draw(report, page.parent / FOLDER)
    page.write_text(f"{before}{BEGIN}\n{measured(report)}\n{END}{after}", encoding="utf-8")


def measured(report: Report) -> str:
    """What belongs between the marks."""
    shown = [f"![{title}]({FOLDER}/{name})" for name, title in charts.pictures(report)]
    return "\n\n".join([*shown, markdown(report)])


def _parts(page: Path) -> tuple[str, str]:
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise click.ClickException(f"{page} has no single pair of {BEGIN} and {END}")
    return text.partition(BEGIN)[0], text.partition(END)[2]
