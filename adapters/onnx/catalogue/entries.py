"""The catalogue of models: one entry for each, read from static/models.toml, which explains the keys."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from domain.errors import UnknownModel
from domain.models import Alignment, Precision

Task = Literal["detection", "recognition", "anti_spoofing"]


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One model."""

    task: Task
    family: str
    file: str
    sha256: str
    licence: str
    commercial: bool
    source: str
    input: str
    also: tuple[str, ...] = ()
    size: int | None = None
    url: str | None = None
    package: str | None = None
    group: str | None = None
    dimensions: int | None = None
    threshold: float | None = None
    alignment: Alignment = Alignment.REFINED
    precision: Precision | tuple[Precision, ...] = Precision.FLOAT
    names: tuple[str, ...] = ()

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """Those that the model may be run in; its embeddings and thresholds are the same in each."""
        return (self.precision,) if isinstance(self.precision, Precision) else self.precision


class Catalogue:
    """All entries by name."""

    def __init__(self, entries: dict[str, ModelEntry]) -> None:
        self.entries = entries
        # Each request asks; the names of those that aren't there are not kept.
        self._matching = lru_cache(256)(self._matches)
        self._task = lru_cache(256)(self._found_task)

    @classmethod
    def load(cls, *paths: Path) -> "Catalogue":
        """Read catalogues. Entries of later files win; files that don't exist are skipped.

        Raises:
            msgspec.DecodeError: one is malformed.
        """
        entries: dict[str, ModelEntry] = {}
        for path in paths:
            if path.exists():
                entries |= msgspec.toml.decode(path.read_bytes(), type=dict[str, ModelEntry])
        return cls(entries)

    def named(self, name: str) -> str:
        """The model that once had this name, or the name as it is."""
        return next((model for model, entry in self.entries.items() if name in entry.names), name)

    def matching(self, task: Task, name: str) -> Sequence[str]:
        """The model of that name, present or former, or the members of that group, in the catalogue's order.

        Raises:
            UnknownModel: neither exists for this task.
        """
        return self._matching(task, name)

    def _matches(self, task: Task, name: str) -> Sequence[str]:
        names = [model for model, entry in self.entries.items() if entry.task == task]
        name = self.named(name)
        found = [model for model in names if name in {model, self.entries[model].group}]
        if not found:
            raise UnknownModel(
                f"There is no {task} model named {name[:40]!r}; available: {', '.join(names)}."
            )
        return found

    def task(self, name: str) -> Task:
        """The task of the model or group of this name.

        Raises:
            UnknownModel: neither exists.
        """
        return self._task(name)

    def _found_task(self, name: str) -> Task:
        current = self.named(name)
        for entry_name, entry in self.entries.items():
            if current in {entry_name, entry.group}:
                return entry.task
        raise UnknownModel(f"There is no model named {name[:40]!r}; available: {', '.join(self.entries)}.")
