"""The catalogue of models: one entry for each, read from static/models.toml, which explains the keys."""

from pathlib import Path
from typing import Literal

import msgspec

from adapters.onnx.graphs.preparation import Precision
from domain.errors import UnknownModel
from domain.models import Alignment

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
    precision: Precision = Precision.FLOAT


class Catalogue:
    """All entries by name."""

    def __init__(self, entries: dict[str, ModelEntry]) -> None:
        self.entries = entries

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

    def matching(self, task: Task, name: str) -> list[str]:
        """The model of that name, or the members of that group, in the catalogue's order.

        Raises:
            UnknownModel: neither exists for this task.
        """
        names = [model for model, entry in self.entries.items() if entry.task == task]
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
        for entry_name, entry in self.entries.items():
            if name in {entry_name, entry.group}:
                return entry.task
        raise UnknownModel(f"There is no model named {name[:40]!r}; available: {', '.join(self.entries)}.")
