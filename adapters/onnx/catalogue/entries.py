"""The catalogue of models: one entry a model, read from static/models.toml, which explains the keys."""

from pathlib import Path
from typing import Literal

import msgspec

from adapters.onnx.graphs.preparation import Precision
from domain.errors import UnknownModel
from domain.models import Alignment

Task = Literal["detection", "recognition", "anti_spoofing"]


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one model."""

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
        """Read catalogues; entries of later files win, files that aren't there are passed over.

        Raises:
            msgspec.DecodeError: one is malformed.
        """
        entries: dict[str, ModelEntry] = {}
        for path in paths:
            if path.exists():
                entries |= msgspec.toml.decode(path.read_bytes(), type=dict[str, ModelEntry])
        return cls(entries)

    def names(self, task: Task) -> list[str]:
        """The models for a task, in the catalogue's order."""
        return [name for name, entry in self.entries.items() if entry.task == task]

    def named(self, task: Task, name: str) -> list[str]:
        """The models that a name may mean: the one of that name, or the members of that group.

        Raises:
            UnknownModel: none.
        """
        names = self.names(task)
        meant = [model for model in names if name in {model, self.entries[model].group}]
        if not meant:
            raise UnknownModel(
                f"There is no {task} model named {name[:40]!r}; available: {', '.join(names)}."
            )
        return meant

    def task(self, name: str) -> Task:
        """What the model, or the group, of this name is for.

        Raises:
            UnknownModel: there is none.
        """
        for entry_name, entry in self.entries.items():
            if name in {entry_name, entry.group}:
                return entry.task
        raise UnknownModel(f"There is no model named {name[:40]!r}; available: {', '.join(self.entries)}.")
