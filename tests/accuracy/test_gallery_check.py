"""The gallery check on Labeled Faces in the Wild: mistakes that it has, and planted ones."""

from pathlib import Path

import numpy as np
import pytest
from dependency_injector import providers

from application.gallery_check.check import GalleryCheck
from application.ports.faces import NewFace
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from tests.accuracy.conftest import Benchmark, full_only
from tests.shared_folder import with_models

TWO_NAMES = (
    {"Hasan_Wirayuda", "Hassan_Wirajuda"},
    {"Cristina_Fernandez", "Cristina_Kirchner"},
    {"Chyung_Dai-chul", "Dai_Chul_Chyung"},
    {"Flor_Montulo", "Nora_Bendijo"},
    {"Gabrielle_Rose", "Martha_Bowen"},
    {"Marie_Haghal", "Rosalie_Perkov"},
)
"""One person each, whom LFW has under two names."""
SWAPS = 20


class Gallery:
    """All photos of the benchmark, enrolled; some under a wrong name."""

    def __init__(self, benchmark: Benchmark, folder: Path) -> None:
        self.photos = benchmark.embedded.take(benchmark.embedded.found)
        settings = Settings(data_dir=with_models(folder), database_url="memory")
        self.container = Container(settings=providers.Object(settings))
        embedder = self.container.models().embedder("sface")
        self.usual = embedder.usual_norm or 1.0

    async def check(self, names: list[str], limit: int) -> tuple[GalleryCheck, dict[int, int]]:
        """The check, and the rows of the photos by the ids of their faces."""
        rows = {}
        for row, name in enumerate(names):
            norm = float(self.photos.norms[row]) * self.usual
            embedding = Embedding(self.photos.vectors[row], "sface", norm)
            enrolled = await self.container.faces().add(NewFace(DEFAULT_COLLECTION, name, embedding, "yunet"))
            rows[int(enrolled.face.id)] = row
        return await self.container.check_gallery().execute(DEFAULT_COLLECTION, limit=limit), rows


async def test_people_under_two_names_are_found_first(benchmark: Benchmark, tmp_path: Path) -> None:
    gallery = Gallery(benchmark, tmp_path)
    check, _ = await gallery.check(list(gallery.photos.names), 10)
    found = [{check.profiles[pair.one].name, check.profiles[pair.other].name} for pair in check.duplicates]
    there = [pair for pair in TWO_NAMES if pair <= set(gallery.photos.names)]
    assert there
    assert [pair for pair in there if pair not in found] == []


@full_only
def test_all_of_them_are_there(benchmark: Benchmark) -> None:
    assert all(pair <= set(benchmark.embedded.names) for pair in TWO_NAMES)


@pytest.mark.parametrize("seed", range(3))
async def test_planted_swaps_are_found(benchmark: Benchmark, tmp_path: Path, seed: int) -> None:
    """Two people change one photo each; both had three or more, so that it can be told who is wrong where."""
    gallery = Gallery(benchmark, tmp_path)
    names = np.array(gallery.photos.names)
    random = np.random.default_rng(seed)
    people, counts = np.unique(names, return_counts=True)
    chosen = random.permutation(people[counts >= 3])[: 2 * SWAPS]
    swapped = [(random.choice(np.flatnonzero(names == person))) for person in chosen]
    for one, other in zip(swapped[::2], swapped[1::2], strict=True):
        names[one], names[other] = names[other], names[one]

    check, rows = await gallery.check(names.tolist(), 100)
    found = [rows[int(misfit.face)] for misfit in check.misfits]
    assert set(swapped) <= set(found)
    assert len(set(found) - set(swapped)) <= 10
    # Before those that LFW has itself comes what was planted; and each is told whose it is.
    assert len(set(found[: len(swapped)]) & set(swapped)) >= len(swapped) - 5
    named = {
        rows[int(misfit.face)]: check.profiles[misfit.resembles.person].name
        for misfit in check.misfits
        if misfit.resembles is not None
    }
    right = [row for row in swapped if named.get(row) == gallery.photos.names[row]]
    assert len(right) >= 0.9 * len(swapped)
