"""A table, before it is known where it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
