"""Galleries that are made as they are read are the same each time."""

import numpy as np
import pytest

from tests.benchmarks import galleries, simulation
from tests.benchmarks.galleries import GalleryInMemory, StreamedGallery

DIMENSIONS, FACES = 16, 2500


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> StreamedGallery:
    """In three blocks."""
    monkeypatch.setattr(galleries, "_BLOCK_BYTES", 1000 * 4 * DIMENSIONS)
    return StreamedGallery(FACES, DIMENSIONS)


def test_blocks_and_rows_are_of_the_same_faces(streamed: StreamedGallery) -> None:
    blocks = list(streamed.blocks())
    assert [first for first, _ in blocks] == [0, 1000, 2000]
    whole = np.concatenate([block for _, block in blocks])
    assert whole.shape == (FACES, DIMENSIONS)
    assert len(np.unique(whole[:, 0])) > FACES * 0.99
    wanted = np.array([0, 999, 1000, 2499])
    np.testing.assert_array_equal(streamed.rows(wanted), whole[wanted])
    assert streamed.rows(wanted[:0]).shape == (0, DIMENSIONS)


def test_probes_are_those_of_the_same_gallery_in_memory(streamed: StreamedGallery) -> None:
    whole = np.concatenate([block for _, block in streamed.blocks()])
    one, other = simulation.probes(streamed, 40), simulation.probes(GalleryInMemory(whole), 40)
    np.testing.assert_array_equal(one.vectors, other.vectors)
    np.testing.assert_array_equal(one.exact, other.exact)
    similarities = one.vectors @ whole.T
    np.testing.assert_array_equal(one.exact[:, 0], similarities.argmax(axis=1))
    assert np.vecdot(one.vectors, whole[one.mates]).mean() == pytest.approx(0.62, abs=0.1)
