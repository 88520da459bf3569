"""Figures that nobody counts as they change: they are looked at now and then."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from adapters.gallery_index.gallery import IndexedGallery
from adapters.gallery_index.milvus.view import IndexView
from adapters.prometheus.metrics import (
    DATABASE_CONNECTIONS,
    GALLERY_FACES,
    INDEX_LAG_SECONDS,
    INDEX_UNAVAILABLE,
    INDEXES_FILLING,
)
from application.background import in_background
from domain.errors import FaceServiceError
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.worker_sampling import SAMPLE_S, sample_workers

GALLERY_S = 60.0
"""The database counts all faces for it."""


@asynccontextmanager
async def sampling(container: Container) -> AsyncIterator[None]:
    """Look at this process as long as it answers."""
    async with in_background(
        _sample(container), _sample_gallery(container), sample_workers(container.workers())
    ):
        yield


async def _sample(container: Container) -> None:
    index: IndexedGallery | None = container.indexed_gallery() if container.search() == "index" else None
    shared: IndexView | None = container.index_view() if container.search() == "shared" else None
    connections = None if container.storage() == "memory" else container.engine().pool
    while True:
        if connections is not None:
            DATABASE_CONNECTIONS.set(connections.checkedout())  # type: ignore[attr-defined]
        if index is not None:
            INDEXES_FILLING.set(len(index.filling))
        if shared is not None:
            INDEXES_FILLING.set(shared.filling())
            INDEX_UNAVAILABLE.set(not shared.available)
            INDEX_LAG_SECONDS.set(shared.lag_s)
        await asyncio.sleep(SAMPLE_S)


async def _sample_gallery(container: Container) -> None:
    while True:
        with suppress(FaceServiceError):  # the next time, then
            GALLERY_FACES.set(await _faces(container))
        await asyncio.sleep(GALLERY_S)


async def _faces(container: Container) -> Counter[tuple[str, str]]:
    """Number of faces by model and collection."""
    faces: Counter[tuple[str, str]] = Counter()
    if container.storage() == "memory":
        for name, collection in container.memory().collections.items():
            faces.update((stored.face.recognition_model, name) for stored in collection.faces.values())
        return faces
    for gallery, number in (await container.change_feed().galleries()).items():
        faces[gallery.model, gallery.collection] += number
    return faces
