"""Progress of long work, on stderr: a bar on a terminal of any width, now and then a line where it goes to a file."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Protocol, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")

LINE_EVERY_S = 30.0
"""Shorter work leaves no line in a log."""

_NARROW = 80
"""Characters a line, from which on there is room for a bar."""


class Update(Protocol):
    """Takes the number of items done, and the total if it is known only now."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Show it."""


@contextlib.contextmanager
def progress(
    description: str,
    total: int | None,
    *,
    visible: bool = True,
    counts: ProgressColumn | None = None,
    console: Console | None = None,
) -> Iterator[Update]:
    """Show how far work is; nothing is shown before the first update.

    Args:
        description: what is counted.
        total: how many there are; None if that isn't known yet.
        visible: False shows nothing.
        counts: how the numbers are written on a terminal.
        console: instead of stderr.
    """
    console = console or Console(stderr=True)
    if not visible:
        yield _nothing
    elif not console.is_terminal:
        yield _Lines(description, total)
    else:
        # What is printed meanwhile goes where it would go without a bar.
        bar = Progress(*_columns(console, counts), console=console, redirect_stdout=False)
        task = bar.add_task(description, total=total)
        with contextlib.ExitStack() as shown:

            def update(done: int, total: int | None = None) -> None:
                if not bar.live.is_started:
                    shown.enter_context(bar)
                bar.update(task, completed=done, total=total)

            yield update


def _columns(console: Console, counts: ProgressColumn | None) -> list[ProgressColumn]:
    counts = counts or MofNCompleteColumn()
    if console.width < _NARROW:
        return [TextColumn("{task.description}"), counts, TimeRemainingColumn(compact=True)]
    return [
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        counts,
        TimeElapsedColumn(),
    ]


def _nothing(done: int, total: int | None = None) -> None:
    del done, total


class _Lines:
    def __init__(self, description: str, total: int | None) -> None:
        self._description = description
        self._total = total
        self._last = time.monotonic()

    def __call__(self, done: int, total: int | None = None) -> None:
        self._total = total or self._total
        if time.monotonic() - self._last < LINE_EVERY_S:
            return
        self._last = time.monotonic()
        of = "" if self._total is None else f" of {self._total:,}"
        click.echo(f"{self._description}: {done:,}{of}", err=True)


async def with_progress(
    results: AsyncIterator[T], description: str, total: int, *, visible: bool = True
) -> AsyncIterator[T]:
    """The results, counted."""
    with progress(description, total, visible=visible) as update:
        done = 0
        async for result in results:
            done += 1
            update(done)
            yield result
