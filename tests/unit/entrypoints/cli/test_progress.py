"""Progress on terminals of any width, and in files."""

import io
import re
from collections.abc import AsyncIterator

import pytest
from rich.console import Console

from entrypoints.cli import progress as module
from entrypoints.cli.progress import progress, with_progress

CONTROL = re.compile(r"\x1b\[[?0-9;]*[a-zA-Z]")
"""What moves the cursor."""


def shown(width: int, description: str = "people and faces") -> str:
    """The last line that a terminal of this width shows."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=width, color_system=None, legacy_windows=False)
    with progress(description, 12_000, console=console) as update:
        update(7_000)
    (line,) = [line for line in screen.getvalue().split("\r") if "7000/12000" in line][-1:]
    return CONTROL.sub("", line.partition("\n")[0]).rstrip()


@pytest.mark.parametrize("width", [40, 79, 80, 200])
def test_a_bar_fits_into_the_line(width: int) -> None:
    line = shown(width)
    assert line.startswith("people and faces")
    assert "7000/12000" in line
    assert "\u2026" not in line
    assert len(line) <= width


def test_a_file_gets_no_bar_and_no_line_of_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("photos", 3) as update:
        for done in range(4):
            update(done)
    assert capsys.readouterr() == ("", "")


def test_a_file_gets_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_EVERY_S", 0)
    with progress("photos", None) as update:
        update(1)
        update(2_000, 4_000)
    assert capsys.readouterr() == ("", "photos: 1\nphotos: 2,000 of 4,000\n")


async def test_results_are_counted_and_nothing_is_shown_where_it_is_not_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINE_EVERY_S", 0)

    async def results() -> AsyncIterator[str]:
        for result in "ab":
            yield result

    assert [each async for each in with_progress(results(), "photos", 2)] == ["a", "b"]
    assert capsys.readouterr().err == "photos: 1 of 2\nphotos: 2 of 2\n"
    assert [each async for each in with_progress(results(), "photos", 2, visible=False)] == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_what_fails_before_any_work_shows_nothing() -> None:
    screen = io.StringIO()
    with (
        pytest.raises(ValueError, match="bad"),
        progress("photos", 1, console=Console(file=screen, force_terminal=True)),
    ):
        raise ValueError("bad")
    assert screen.getvalue() == ""
