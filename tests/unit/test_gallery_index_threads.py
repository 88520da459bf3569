"""A resident index that is searched, written to and maintained at the same time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.faiss.coded import Coded
from adapters.faiss.index import FaissGalleryIndex
from adapters.faiss.segment import Segment, merged
from adapters.faiss.store import FaissGalleryIndexes
from tests.unit.galleries import GALLERY, put, vector, vectors

TAIL = 128
ROUNDS = 60
A_ROUND = 32


@pytest.fixture
def index(tmp_path: Path) -> FaissGalleryIndex:
    return FaissGalleryIndexes(tmp_path, TAIL).open(GALLERY)


class Interrupted:
    """Lets something happen while a segment is being made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        monkeypatch.setattr("adapters.faiss.index.merged", self._merged)

    def _merged(self, several: Sequence[Coded]) -> tuple[Segment, NDArray[np.int64]]:
        made = merged(several)
        self.meanwhile()
        return made


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    return Interrupted(monkeypatch)


@pytest.fixture
def beside(index: FaissGalleryIndex) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Keeps doing something in a thread of its own, while others write and the index is maintained."""
    done = Event()

    def repeat(work: Callable[[], None]) -> None:
        while not done.is_set():
            work()

    with ThreadPoolExecutor(4) as threads:
        running = []

        def start(work: Callable[[], None]) -> None:
            running.append(threads.submit(repeat, work))

        def maintain() -> None:
            if not index.maintain():
                done.wait(0.001)

        start(maintain)
        try:
            yield start
        finally:
            done.set()
        for future in running:
            future.result()


def test_a_search_sees_all_of_a_change_or_nothing(
    index: FaissGalleryIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    def look() -> None:
        found = index.search(vector(1), ROUNDS * A_ROUND)
        assert found.searched == len(found.people) == A_ROUND * int(found.moment or 0)

    beside(look)
    beside(look)
    for moment in range(1, ROUNDS + 1):
        keys = range(A_ROUND * (moment - 1), A_ROUND * moment)
        put(index, moment, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, moment))


def test_a_removed_face_is_not_found_by_any_search_that_begins_afterwards(
    index: FaissGalleryIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    removed: list[int] = []

    def look() -> None:
        gone = list(removed)
        found = index.search(vector(1), ROUNDS * A_ROUND)
        assert not set(gone) & set(found.faces.tolist())

    beside(look)
    beside(look)
    for moment in range(1, ROUNDS + 1):
        keys = range(A_ROUND * (moment - 1), A_ROUND * moment)
        put(index, moment, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, moment))
        put(index, moment, removed=keys[::2])
        removed.extend(keys[::2])

    assert len(index) == ROUNDS * A_ROUND // 2


def test_a_face_that_is_put_again_and_again_is_always_found(
    index: FaissGalleryIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    put(index, 1, {key: key for key in range(TAIL)})

    def look() -> None:
        assert index.search(vector(7), 1).faces[0] == 7

    beside(look)
    beside(look)
    for moment in range(2, 10 * ROUNDS):
        put(index, moment, {7: 7, 1000 + moment: 1})


def found(index: FaissGalleryIndex) -> set[int]:
    return set(index.search(vector(1), len(index)).faces.tolist())


def test_what_happens_while_codes_are_made_is_not_forgotten(
    index: FaissGalleryIndex, interrupted: Interrupted
) -> None:
    # Falling keys: segments keep faces in another order than they came in.
    put(index, 1, {key: key for key in range(TAIL, 0, -1)})
    assert index.maintain()
    put(index, 2, {key: key for key in range(2 * TAIL, TAIL, -1)})
    interrupted.meanwhile = lambda: put(index, 3, {5: 5, 999: 999}, removed=[2, TAIL + 2])

    assert index.maintain()

    assert len(index._state.parts) == 1
    assert found(index) == {*range(1, 2 * TAIL + 1), 999} - {2, TAIL + 2}


def test_what_is_removed_while_it_is_saved_is_not_there_after_a_restart(
    index: FaissGalleryIndex, interrupted: Interrupted, tmp_path: Path
) -> None:
    put(index, 1, {key: key for key in range(TAIL, 0, -1)})
    assert index.maintain()
    put(index, 2, removed=[3])
    interrupted.meanwhile = lambda: put(index, 3, removed=[5])

    index.save()

    again = FaissGalleryIndexes(tmp_path, TAIL).open(GALLERY)
    assert (again.moment, found(again)) == ("3", set(range(1, TAIL + 1)) - {3, 5})
    assert again.search(vector(1), 1).searched == TAIL - 2


def test_a_search_uses_the_thread_that_calls_it_and_no_other(index: FaissGalleryIndex) -> None:
    def threads() -> int:
        faiss.omp_set_num_threads(2)
        index.search(vector(1), 1)
        return faiss.omp_get_max_threads()

    put(index, 1, dict(zip(range(6000), range(6000), strict=True)), vectors(6000))
    assert index.maintain()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads).result() == 1


@pytest.mark.usefixtures("beside")
def test_saving_waits_for_nobody_who_writes(index: FaissGalleryIndex, tmp_path: Path) -> None:
    def write() -> None:
        for moment in range(1, ROUNDS + 1):
            keys = range(A_ROUND * (moment - 1), A_ROUND * moment)
            put(index, moment, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, moment))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            index.save()
        writing.result()
    index.save()

    again = FaissGalleryIndexes(tmp_path, TAIL).open(GALLERY)
    assert (again.moment, len(again)) == (str(ROUNDS), ROUNDS * A_ROUND)
    assert np.array_equal(again.search(vector(1), 5).people, index.search(vector(1), 5).people)
