"""What a resident index finds, whatever has happened to it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapters.faiss.index import FaissGalleryIndex
from adapters.faiss.store import FaissGalleryIndexes
from application.ports.index import NEVER
from tests.unit.galleries import DIMENSIONS, GALLERY, near, nearest_people, put, vector, vectors

TAIL = 512
MANY = 6000
"""Enough for codes to be scanned."""


@pytest.fixture
def index(tmp_path: Path) -> FaissGalleryIndex:
    return FaissGalleryIndexes(tmp_path, TAIL).open(GALLERY)


def maintained(index: FaissGalleryIndex) -> FaissGalleryIndex:
    while index.maintain():
        pass
    return index


def filled(
    index: FaissGalleryIndex, faces: NDArray[np.float32], people: NDArray[np.int64]
) -> FaissGalleryIndex:
    keys = range(len(faces))
    put(index, 1, dict(zip(keys, people.tolist(), strict=True)), faces)
    return maintained(index)


def test_an_empty_index_finds_nobody(index: FaissGalleryIndex) -> None:
    found = index.search(vector(1), 5)

    assert (found.moment, found.searched, len(found.people)) == (NEVER, 0, 0)


def test_few_faces_are_compared_as_they_are(index: FaissGalleryIndex) -> None:
    put(index, 1, {1: 10, 2: 10, 3: 30})

    found = index.search(vector(3), 1)

    assert (found.people[0], found.faces[0], found.searched) == (30, 3, 2)
    assert found.similarities[0] == pytest.approx(1, abs=1e-6)


def test_a_shortlist_of_many_has_the_people_that_an_exact_search_finds(index: FaissGalleryIndex) -> None:
    faces, people = vectors(MANY), np.arange(MANY) // 3
    filled(index, faces, people)

    for seed in range(100):
        probe = near(faces[seed * 17], 0.7, seed)
        found = index.search(probe, 3)
        assert set(nearest_people(probe, faces, people, 3)) <= set(found.people.tolist())


def test_similarities_are_right_to_what_eight_bits_tell(index: FaissGalleryIndex) -> None:
    faces = vectors(MANY)
    filled(index, faces, np.arange(MANY))

    found = index.search(vector(5), 10)

    assert found.similarities == pytest.approx(faces[found.faces] @ vector(5), abs=0.01)


def test_one_persons_thousands_of_faces_crowd_nobody_out(index: FaissGalleryIndex) -> None:
    probe = vector(1)
    crowd = np.array([near(probe, 0.9, seed) for seed in range(5000)])
    faces = np.concatenate([crowd, vectors(1000)])
    people = np.concatenate([np.zeros(5000, dtype=np.int64), np.arange(1, 1001)])
    filled(index, faces, people)

    found = index.search(probe, 4)

    assert found.people[:4].tolist() == nearest_people(probe, faces, people, 4)


def test_thousands_of_removed_faces_crowd_nobody_out(index: FaissGalleryIndex) -> None:
    probe = vector(1)
    crowd = np.array([near(probe, 0.9, seed) for seed in range(1400)])
    faces = np.concatenate([vectors(MANY), crowd])
    people = np.arange(len(faces))
    filled(index, faces, people)
    put(index, 2, removed=range(MANY, len(faces)))

    found = index.search(probe, 2)

    assert found.people[:2].tolist() == nearest_people(probe, faces[:MANY], people[:MANY], 2)
    assert found.searched == MANY


def test_all_who_are_equally_near_are_on_the_shortlist(index: FaissGalleryIndex) -> None:
    put(index, 1, dict(zip(range(7), range(7), strict=True)), np.tile(vector(1), (7, 1)))

    assert index.search(vector(2), 1).people.tolist() == list(range(7))


def test_a_face_that_changes_hands_is_found_with_its_new_person(index: FaissGalleryIndex) -> None:
    filled(index, vectors(MANY), np.arange(MANY))

    put(index, 2, {77: MANY}, vectors(MANY)[77:78])

    found = index.search(vectors(MANY)[77], 1)
    assert (found.people[0], found.searched, len(index)) == (MANY, MANY, MANY)


def test_codes_are_made_when_there_are_enough_faces(index: FaissGalleryIndex) -> None:
    put(index, 1, {key: key for key in range(TAIL - 1)})
    assert not index.maintain()

    put(index, 2, {TAIL: TAIL})

    assert index.maintain()
    assert index.search(vector(3), 1).faces[0] == 3


def test_segments_stay_few(index: FaissGalleryIndex) -> None:
    faces = vectors(16 * TAIL)
    for start in range(0, len(faces), TAIL):
        keys = range(start, start + TAIL)
        put(index, start + 1, dict(zip(keys, keys, strict=True)), faces[start : start + TAIL])
        maintained(index)

    assert len(index._state.parts) <= 5


def test_what_is_mostly_gone_is_made_anew(index: FaissGalleryIndex) -> None:
    filled(index, vectors(MANY), np.arange(MANY))
    put(index, 2, removed=range(MANY // 2))

    maintained(index)

    assert sum(len(part.segment) for part in index._state.parts) == len(index) == MANY // 2


def test_an_index_can_be_emptied(index: FaissGalleryIndex) -> None:
    filled(index, vectors(MANY), np.arange(MANY))
    put(index, 2, removed=range(MANY))

    maintained(index)

    assert (len(index), len(index.search(vector(1), 3).people), index._state.parts) == (0, 0, ())


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
def test_any_history_leaves_what_an_exact_search_finds(
    writes: list[tuple[str, object]], seed: int, wanted: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = FaissGalleryIndexes(tmp_path_factory.mktemp("index"), tail_rows=4)
    index, truth = folder.open(GALLERY), dict[int, int]()
    for moment, (kind, what) in enumerate(writes, start=1):
        match kind, what:
            case "put", dict():
                put(index, moment, what)
                truth |= what
            case "remove", set():
                put(index, moment, removed=what)
                truth = {key: person for key, person in truth.items() if key not in what}
            case "maintain", _:
                index.maintain()
            case _ if index.moment != NEVER:
                index.save()
                index = folder.open(GALLERY)

    found = index.search(vector(seed), wanted)

    faces = np.array([vector(key) for key in truth], dtype=np.float32).reshape(-1, DIMENSIONS)
    expected = nearest_people(vector(seed), faces, np.array(list(truth.values()), dtype=np.int64), wanted)
    assert (len(index), found.searched) == (len(truth), len(set(truth.values())))
    assert set(expected) <= set(found.people.tolist())
    assert all(truth.get(int(key)) == person for key, person in zip(found.faces, found.people, strict=True))
    assert len(set(found.people.tolist())) == len(found.people)
