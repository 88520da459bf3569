"""Search as a request has it: the index, and the database that it follows."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.repository import PgVectorRepository
from application.ports.faces import NewFace
from application.ports.gallery import Gallery
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from tests.benchmarks.growth.loading import MODEL
from tests.benchmarks.growth.timing import Times
from tests.benchmarks.simulation import Probes

_WARM = 50
_PEOPLE = 2
"""A recognition asks for the second person, too."""

_INSERTING_S = 5.0
_POLL_S = 0.002


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """What is measured of it."""

    fill_s: float
    first: Times
    """For each probe once: the database reads most of the people from files."""
    search: Times
    """For the same probes again, as pgvector's searches, which come upon what they have read before."""
    identified: float
    ready_s: float
    """After a restart, from the saved index; its code is loaded already."""
    inserts_a_second: float
    """By one client, each committed before the next begins, while another searches."""
    search_while_inserting: Times


async def measured(engine: AsyncEngine, probes: Probes, folder: Path) -> ServiceFigures:
    """Index the loaded faces, and search them for the probes, one after the other."""
    gallery = _gallery(engine, folder)
    start = perf_counter()
    async with gallery.running():
        fill_s = await _ready(gallery, start)
        await _searched(gallery, probes, _WARM)
        first, _ = await _searched(gallery, probes, len(probes.mates))
        search, identified = await _searched(gallery, probes, len(probes.mates))
    gallery = _gallery(engine, folder)
    start = perf_counter()
    async with gallery.running():
        ready_s = await _ready(gallery, start)
        await _searched(gallery, probes, _WARM)
        inserts, beside = await _inserting(gallery, PgVectorRepository(engine), probes)
    return ServiceFigures(fill_s, first, search, identified, ready_s, inserts, beside)


def _gallery(engine: AsyncEngine, folder: Path) -> IndexedGallery:
    store, feed = FaissIndexStore(folder, threads=2), PostgresChangeFeed(engine)
    return IndexedGallery(PgVectorGallery(engine), store, feed, min_faces=1)


async def _ready(gallery: IndexedGallery, start: float) -> float:
    while not gallery.ready:  # noqa: ASYNC110 - the figure is what a probe of readiness would see
        await asyncio.sleep(_POLL_S)
    return perf_counter() - start


async def _searched(gallery: Gallery, probes: Probes, count: int) -> tuple[Times, float]:
    seconds, right = [], 0
    for vector, mate in zip(probes.vectors[:count], probes.mates[:count].tolist(), strict=True):
        start = perf_counter()
        found = await gallery.search(Embedding(vector, MODEL), DEFAULT_COLLECTION, _PEOPLE)
        seconds.append(perf_counter() - start)
        right += int(found.candidates[0].name) == mate
    return Times.of(seconds), right / count


async def _inserting(gallery: Gallery, repository: PgVectorRepository, probes: Probes) -> tuple[float, Times]:
    done = False
    seconds: list[float] = []

    async def search() -> None:
        while not done:
            vector = probes.vectors[len(seconds) % len(probes.vectors)]
            start = perf_counter()
            await gallery.search(Embedding(vector, MODEL), DEFAULT_COLLECTION, _PEOPLE)
            seconds.append(perf_counter() - start)

    random = np.random.default_rng(2)
    dimensions = probes.vectors.shape[1]
    searching = asyncio.create_task(search())
    start, count = perf_counter(), 0
    while perf_counter() - start < _INSERTING_S:
        embedding = Embedding.of(random.standard_normal((dimensions,)), MODEL)
        await repository.add(NewFace(DEFAULT_COLLECTION, f"new {count}", embedding, MODEL))
        count += 1
    rate = count / (perf_counter() - start)
    done = True
    await searching
    return rate, Times.of(seconds)
