"""CropArchive of this process's memory."""

from collections.abc import Iterator
from itertools import islice

from adapters.memory.store import InMemoryStore, Photo, Record, Room
from application.ports.crops import Backlog, StoredCrop
from domain.people import FaceId


class InMemoryCrops:
    """Implements CropArchive."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store

    async def backlog(self, collection: str, model: str) -> Backlog:
        """See CropArchive.backlog."""
        room = self._store.look(collection)
        kept = {_under(model, crop) for crop in _pending(room, model, None)}
        to_do = [record for record in room.records(None) if _to_do(room, model, record)]
        lost = sum(record.photo is None or _photo(model, record) not in kept for record in to_do)
        return Backlog(len(kept), lost)

    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> list[StoredCrop]:
        """See CropArchive.pending."""
        crops = _pending(self._store.look(collection), model, after)
        return list(islice(crops, limit))


def _pending(room: Room, model: str, after: FaceId | None) -> Iterator[StoredCrop]:
    seen: set[Photo | None] = set()
    for record in room.records(None):
        if record.crop is None or record.digest is None or not _to_do(room, model, record):
            continue
        photo = _photo(model, record)
        if photo not in seen and (after is None or record.face.id > after):
            yield StoredCrop(record.face, record.digest, record.crop)
        seen.add(photo)


def _to_do(room: Room, model: str, record: Record) -> bool:
    return record.face.recognition_model != model and _photo(model, record) not in room.photos


def _photo(model: str, record: Record) -> Photo | None:
    """How the face of the same photo is known that the model would make."""
    face = record.face
    if record.digest is None:
        return None
    return face.profile_id, model, face.detection_model, record.digest


def _under(model: str, crop: StoredCrop) -> Photo:
    return crop.face.profile_id, model, crop.face.detection_model, crop.digest
