"""CropArchive in memory."""

from collections.abc import Iterator
from itertools import islice

from typing_extensions import override

from adapters.memory.store import CollectionData, InMemoryAdapter, PhotoKey, StoredFace
from application.ports.crops import Backlog, CropArchive, StoredCrop
from domain.people import FaceId


class InMemoryCrops(InMemoryAdapter, CropArchive):
    """Looks through all faces of a collection."""

    @override
    async def models(self) -> set[str]:
        return {model for data in self._store.collections.values() for model in data.tables}

    @override
    async def left_behind(self, former: str, model: str) -> Backlog:
        crops: list[bool] = []
        for data in self._store.collections.values():
            if former in data.tables:
                done = data.tables[model].people if model in data.tables else set()
                crops += [
                    stored.crop is not None
                    for stored in data.faces_after()
                    if stored.face.recognition_model == former and stored.face.profile_id not in done
                ]
        return Backlog(sum(crops), len(crops) - sum(crops))

    @override
    async def backlog(self, collection: str, model: str) -> Backlog:
        data = self._store.or_empty(collection)
        pending = {stored.photo_under(model) for stored, _ in _pending(data, model)}
        to_do = (stored for stored in data.faces_after() if _to_do(data, model, stored))
        without = sum(stored.photo is None or stored.photo_under(model) not in pending for stored in to_do)
        return Backlog(len(pending), without)

    @override
    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> list[StoredCrop]:
        crops = (crop for _, crop in _pending(self._store.or_empty(collection), model))
        return list(islice((crop for crop in crops if after is None or crop.face.id > after), limit))


def _pending(data: CollectionData, model: str) -> Iterator[tuple[StoredFace, StoredCrop]]:
    """The first face with a crop of each photo that the model has not embedded."""
    photos: set[PhotoKey | None] = set()
    for stored in data.faces_after():
        photo = stored.photo_under(model)
        if stored.crop is None or stored.digest is None or photo in photos:
            continue
        if _to_do(data, model, stored):
            photos.add(photo)
            yield stored, StoredCrop(stored.face, stored.digest, stored.crop)


def _to_do(data: CollectionData, model: str, stored: StoredFace) -> bool:
    return stored.face.recognition_model != model and stored.photo_under(model) not in data.photos
