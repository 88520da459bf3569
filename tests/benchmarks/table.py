"""A table, before it is known where it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.statistics import Spread


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    """What all rows have in common: where and when they were measured."""


def spread(value: Spread, digits: int, unit: str = "") -> str:
    """The median and the quartiles."""
    return f"{value.median:.{digits}f}{unit} ({value.low:.{digits}f} to {value.high:.{digits}f})"
