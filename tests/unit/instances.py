"""An instance in memory that is exported and imported into."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from adapters.memory.archive import InMemoryArchive
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.bulk.collections import find_collections
from application.bulk.export import Exported, ExportPeople
from application.bulk.restore import Imported, ImportPeople
from application.ports.faces import NewFace
from application.ports.people import ProfileFilter
from domain.faces import Embedding
from domain.models import ModelInfo
from tests.unit.fakes import ColourModels, InlineWorkers

COLOUR = ModelInfo(
    "colour",
    "recognition",
    installed=True,
    default=True,
    licence="",
    commercial=True,
    source="",
    dimensions=3,
)


class Models(ColourModels):
    """With a catalogue that says how long `colour` is."""

    def list(self) -> list[ModelInfo]:
        return [COLOUR]


def embedding(seed: int, dimensions: int = 3, model: str = "colour") -> Embedding:
    return Embedding.of(np.random.default_rng(seed).standard_normal(dimensions), model)


@dataclass
class Instance:
    store: InMemoryStore = field(default_factory=InMemoryStore)

    def __post_init__(self) -> None:
        self.faces, self.profiles = InMemoryRepository(self.store), InMemoryProfiles(self.store)
        self.collections, self.archive = InMemoryCollections(self.store), InMemoryArchive(self.store)

    async def populate(self) -> None:
        await self.profiles.create("default", "Nobody", {"team": {"colour": ["red", 1, None, 1.5]}})
        await self.collections.create("other")
        for index in range(7):
            await self.faces.add(
                NewFace(
                    "default" if index else "other",
                    f"P{index % 3}",
                    embedding(index, 4 if index == 6 else 3, "hue" if index == 6 else "colour"),
                    "detector",
                    hashlib.sha256(bytes([index])).digest() if index != 5 else None,
                    b"crop" if index in {1, 2} else None,
                )
            )

    async def export(self, path: Path, collection: str | None = None, *, crops: bool = True) -> Exported:
        use_case = ExportPeople(self.archive, InlineWorkers())
        chosen = await find_collections(self.collections, collection)
        with writing(path, "test") as writer:
            return [done async for done in use_case.execute(chosen, writer, crops=crops)][-1]

    async def restore(self, path: Path, collection: str | None = None) -> Imported:
        return (await self.restored(path, collection))[-1]

    async def restored(self, path: Path, collection: str | None = None) -> list[Imported]:
        """How far it was, after each page."""
        use_case = ImportPeople(self.collections, self.archive, Models(), InlineWorkers())
        with reading(path) as reader:
            sections = use_case.chosen(reader, collection)
            assert [done async for done in use_case.check(reader, sections)][-1:] != [0]
            return [done async for done in use_case.execute(reader, sections)]

    async def everything(self) -> list[object]:
        told: list[object] = []
        for collection in await self.collections.list(100):
            told += await self.profiles.list(ProfileFilter(collection.name), 100)
            told += [
                (each.face, each.embedding.vector.tobytes(), each.digest, each.crop)
                for each in await self.archive.faces(collection.name, 100)
            ]
        return told
