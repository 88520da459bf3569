"""How far an index that instances share is, for operators."""

from collections.abc import Sequence

import msgspec
import numpy as np

from adapters.gallery_index.milvus.generations import series_of
from adapters.gallery_index.milvus.rows import Progress
from adapters.gallery_index.milvus.shared_index import SharedIndex
from application.ports.change_feed import GalleryKey, UnknownSnapshot
from domain.errors import CollectionNotFound


class GalleryStatus(msgspec.Struct, kw_only=True):
    """One gallery."""

    collection: str
    model: str
    faces: int
    """In the database."""
    indexed: int
    """In the index."""
    filled: bool
    """Whether it can be searched."""
    pending: int | None
    """Changes that the index doesn't have yet; None for more than are read at once."""


class SeriesStatus(msgspec.Struct, kw_only=True):
    """The Milvus collections of one recognition model."""

    series: str
    """The alias."""
    serving: str | None
    """The Milvus collection that is searched."""
    index_type: str | None
    building: str | None
    """Another one, which is being built or was left unfinished."""
    galleries: list[GalleryStatus]


async def index_status(index: SharedIndex) -> Sequence[SeriesStatus]:
    """Ask Milvus and the database.

    Raises:
        IndexUnavailable, Unavailable.
    """
    faces = await index.feed.galleries()
    serving = {one.series: one for one in await index.serving()}
    every = await index.generations.all()
    found = []
    for of in sorted({one.series for one in every} | {series_of(key) for key in await index.keys()}):
        current = serving.get(of)
        number = current.number if current else 0
        newer = [one.name for one in every if one.series == of and one.number > number]
        galleries = []
        if current is not None:
            rows = index.rows(current)
            notes = await rows.notes()
            for key in dict.fromkeys([*await index.galleries(of), *notes]):
                note = notes.get(key)
                galleries.append(
                    GalleryStatus(
                        collection=key.collection,
                        model=key.model,
                        faces=faces.get(key, 0),
                        indexed=await rows.count(key.collection),
                        filled=note is not None and note.filled,
                        pending=await _pending(index, key, note),
                    )
                )
        found.append(
            SeriesStatus(
                series=of,
                serving=current.name if current else None,
                index_type=current.index_type if current else None,
                building=newer[-1] if newer else None,
                galleries=galleries,
            )
        )
    return found


async def _pending(index: SharedIndex, key: GalleryKey, note: Progress | None) -> int | None:
    if note is None:
        return None
    try:
        reading = await index.feed.read(key, note.token, np.zeros(0, dtype=np.int64))
    except (UnknownSnapshot, CollectionNotFound):
        return None
    return None if reading.changes is None else len(reading.changes)
