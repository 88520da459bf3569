"""What a gallery index finds, whatever has happened to it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapters.gallery_index.faiss.folders import IndexFolders
from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from application.ports.change_feed import NO_SNAPSHOT
from tests.unit.galleries import DIMENSIONS, GALLERY, near, nearest_people, put, vector, vectors

GROWING_ROWS = 512
MANY = 6000
"""Enough for codes to be scanned."""


@pytest.fixture
def index(tmp_path: Path) -> SegmentedIndex:
    return IndexFolders(tmp_path, GROWING_ROWS).open(GALLERY)


def maintained(index: SegmentedIndex) -> SegmentedIndex:
    while index.compact():
        pass
    return index


def filled(index: SegmentedIndex, faces: NDArray[np.float32], people: NDArray[np.int64]) -> SegmentedIndex:
    keys = range(len(faces))
    put(index, 1, dict(zip(keys, people.tolist(), strict=True)), faces)
    return maintained(index)


def test_an_empty_index_finds_nobody(index: SegmentedIndex) -> None:
    found = index.search(vector(1), 5)

    assert (found.snapshot, found.searched, len(found.person_ids)) == (NO_SNAPSHOT, 0, 0)


def test_few_faces_are_compared_exactly(index: SegmentedIndex) -> None:
    put(index, 1, {1: 10, 2: 10, 3: 30})

    found = index.search(vector(3), 1)

    assert (found.person_ids[0], found.face_ids[0], found.searched) == (30, 3, 2)
    assert found.similarities[0] == pytest.approx(1, abs=1e-6)


def test_a_shortlist_of_many_has_the_people_that_an_exact_search_finds(index: SegmentedIndex) -> None:
    faces, people = vectors(MANY), np.arange(MANY) // 3
    filled(index, faces, people)

    for seed in range(100):
        probe = near(faces[seed * 17], 0.7, seed)
        found = index.search(probe, 3)
        assert set(nearest_people(probe, faces, people, 3)) <= set(found.person_ids.tolist())


def test_similarities_are_as_precise_as_eight_bits_allow(index: SegmentedIndex) -> None:
    faces = vectors(MANY)
    filled(index, faces, np.arange(MANY))

    found = index.search(vector(5), 10)

    assert found.similarities == pytest.approx(faces[found.face_ids] @ vector(5), abs=0.01)


def test_one_persons_thousands_of_faces_crowd_nobody_out(index: SegmentedIndex) -> None:
    probe = vector(1)
    crowd = np.array([near(probe, 0.9, seed) for seed in range(5000)])
    faces = np.concatenate([crowd, vectors(1000)])
    people = np.concatenate([np.zeros(5000, dtype=np.int64), np.arange(1, 1001)])
    filled(index, faces, people)

    found = index.search(probe, 4)

    assert found.person_ids[:4].tolist() == nearest_people(probe, faces, people, 4)


def test_thousands_of_removed_faces_crowd_nobody_out(index: SegmentedIndex) -> None:
    probe = vector(1)
    crowd = np.array([near(probe, 0.9, seed) for seed in range(1400)])
    faces = np.concatenate([vectors(MANY), crowd])
    people = np.arange(len(faces))
    filled(index, faces, people)
    put(index, 2, removed=range(MANY, len(faces)))

    found = index.search(probe, 2)

    assert found.person_ids[:2].tolist() == nearest_people(probe, faces[:MANY], people[:MANY], 2)
    assert found.searched == MANY


def test_all_who_are_equally_near_are_on_the_shortlist(index: SegmentedIndex) -> None:
    put(index, 1, dict(zip(range(7), range(7), strict=True)), np.tile(vector(1), (7, 1)))

    assert index.search(vector(2), 1).person_ids.tolist() == list(range(7))


def test_a_face_that_changes_hands_is_found_with_its_new_person(index: SegmentedIndex) -> None:
    filled(index, vectors(MANY), np.arange(MANY))

    put(index, 2, {77: MANY}, vectors(MANY)[77:78])

    found = index.search(vectors(MANY)[77], 1)
    assert (found.person_ids[0], found.searched, len(index)) == (MANY, MANY, MANY)


def test_the_growing_segment_is_sealed_when_it_has_enough_faces(index: SegmentedIndex) -> None:
    put(index, 1, {key: key for key in range(GROWING_ROWS - 1)})
    assert not index.compact()

    put(index, 2, {GROWING_ROWS: GROWING_ROWS})

    assert index.compact()
    assert index.search(vector(3), 1).face_ids[0] == 3


def test_segments_stay_few(index: SegmentedIndex, tmp_path: Path) -> None:
    faces = vectors(16 * GROWING_ROWS)
    for start in range(0, len(faces), GROWING_ROWS):
        keys = range(start, start + GROWING_ROWS)
        put(index, start + 1, dict(zip(keys, keys, strict=True)), faces[start : start + GROWING_ROWS])
        maintained(index)

    index.save()
    assert len([*tmp_path.rglob("codes.npy")]) <= 5


def test_a_segment_of_mostly_removed_faces_is_rebuilt(index: SegmentedIndex) -> None:
    filled(index, vectors(MANY), np.arange(MANY))
    put(index, 2, removed=range(MANY // 2))

    assert index.compact()
    assert not index.compact()
    assert len(index) == MANY // 2


def test_an_index_can_be_emptied(index: SegmentedIndex, tmp_path: Path) -> None:
    filled(index, vectors(MANY), np.arange(MANY))
    put(index, 2, removed=range(MANY))

    maintained(index)

    assert (len(index), len(index.search(vector(1), 3).person_ids)) == (0, 0)
    index.save()
    assert [*tmp_path.rglob("codes.npy")] == []


KEYS = st.integers(0, 40)
WRITES = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(KEYS, st.integers(0, 8), max_size=12)),
        st.tuples(st.just("remove"), st.sets(KEYS, max_size=12)),
        st.tuples(st.just("maintain"), st.none()),
        st.tuples(st.just("restart"), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(writes=WRITES, seed=st.integers(1000, 1100), wanted=st.integers(1, 4))
def test_after_any_history_a_search_finds_what_an_exact_search_finds(
    writes: list[tuple[str, object]], seed: int, wanted: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = IndexFolders(tmp_path_factory.mktemp("index"), growing_rows=4)
    index, truth = folder.open(GALLERY), dict[int, int]()
    for snapshot, (kind, what) in enumerate(writes, start=1):
        match kind, what:
            case "put", dict():
                put(index, snapshot, what)
                truth |= what
            case "remove", set():
                put(index, snapshot, removed=what)
                truth = {key: person for key, person in truth.items() if key not in what}
            case "maintain", _:
                index.compact()
            case _ if index.snapshot != NO_SNAPSHOT:
                index.save()
                index = folder.open(GALLERY)

    found = index.search(vector(seed), wanted)

    faces = np.array([vector(key) for key in truth], dtype=np.float32).reshape(-1, DIMENSIONS)
    expected = nearest_people(vector(seed), faces, np.array(list(truth.values()), dtype=np.int64), wanted)
    assert (len(index), found.searched) == (len(truth), len(set(truth.values())))
    assert set(expected) <= set(found.person_ids.tolist())
    assert all(
        truth.get(int(key)) == person for key, person in zip(found.face_ids, found.person_ids, strict=True)
    )
    assert len(set(found.person_ids.tolist())) == len(found.person_ids)
