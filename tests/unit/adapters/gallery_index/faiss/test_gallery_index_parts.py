"""What a gallery index is made of."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gallery_index.faiss.person_counter import PersonCounter
from adapters.gallery_index.faiss.pq_scanner import PqScanner
from adapters.gallery_index.faiss.quantized import QuantizedVectors
from adapters.gallery_index.faiss.ranking import Hits, nearest_faces
from application.ports.change_feed import FaceRows
from tests.unit.galleries import vector, vectors


@given(st.lists(st.lists(st.integers(0, 30), max_size=20), max_size=20))
def test_people_are_counted_while_they_have_a_face(batches: list[list[int]]) -> None:
    people, truth = PersonCounter(max_recent=5), Counter[int]()
    for number, batch in enumerate(batches):
        if number % 3 < 2:
            truth.update(batch)
            people.add(np.array(batch, dtype=np.int64))
        else:
            there = [person for person in set(batch) if truth[person]]
            truth.subtract(there)
            people.remove(np.array(there, dtype=np.int64))
        assert len(people) == len(+truth)


def test_quantization_errors_are_within_their_bounds() -> None:
    faces = vectors(20_000)
    numbers = np.arange(20_000)

    hits = QuantizedVectors.of(FaceRows(numbers, numbers, faces)).compare(vector(1), numbers)

    off = np.abs(hits.similarities - faces @ vector(1))
    assert np.all(off <= hits.errors)
    assert np.max(off) > 0.5 * np.median(hits.errors)


def test_the_shortlist_has_people_who_may_be_as_near_as_the_last() -> None:
    numbers = np.arange(4)
    similarities = np.array([0.3, 0.475, 0.485, 0.5], dtype=np.float32)

    best = nearest_faces(Hits(numbers, numbers + 10, similarities, np.full(4, 0.01, dtype=np.float32)), 1)

    assert best.person_ids.tolist() == [13, 12]


@pytest.mark.parametrize("cores", [2, 3, 7])
def test_a_scan_in_shards_finds_what_one_scan_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    faces = vectors(5003)
    alone = PqScanner.trained(faces[:4096], [faces])
    monkeypatch.setattr("adapters.gallery_index.faiss.shards._MIN_ROWS", 100)
    monkeypatch.setattr("adapters.gallery_index.faiss.shards.usable_cores", lambda: cores)
    alone.write(tmp_path / "alone")

    split = PqScanner.read(tmp_path / "alone")
    split.write(tmp_path / "split")

    assert len(split._shards) == cores
    assert len(split) == len(alone) == 5003
    assert (tmp_path / "split").read_bytes() == (tmp_path / "alone").read_bytes()
    for seed in range(20):
        assert seed * 250 in split.nearest(faces[seed * 250], 20)
        # The last of equally near ones may be others.
        common = np.intersect1d(split.nearest(vector(seed), 200), alone.nearest(vector(seed), 200))
        assert len(common) >= 190
