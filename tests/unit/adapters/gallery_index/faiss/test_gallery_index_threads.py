"""A gallery index that is searched, written to and maintained at the same time."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from adapters.gallery_index.faiss.folders import IndexFolders
from adapters.gallery_index.faiss.quantized import QuantizedVectors
from adapters.gallery_index.faiss.sealed_segment import SealedSegment, merged
from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from tests.unit.galleries import GALLERY, put, vector, vectors

GROWING_ROWS = 128
ROUNDS = 60
A_ROUND = 32


@pytest.fixture
def index(tmp_path: Path) -> SegmentedIndex:
    return IndexFolders(tmp_path, GROWING_ROWS).open(GALLERY)


class Interrupted:
    """Lets something happen while a segment is being made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.meanwhile: Callable[[], None] = lambda: None
        monkeypatch.setattr("adapters.gallery_index.faiss.segmented_index.merged", self._merged)

    def _merged(self, several: Sequence[QuantizedVectors]) -> tuple[SealedSegment, NDArray[np.int64]]:
        made = merged(several)
        self.meanwhile()
        return made


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Interrupted:
    return Interrupted(monkeypatch)


@pytest.fixture
def beside(index: SegmentedIndex) -> Iterator[Callable[[Callable[[], None]], None]]:
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
            if not index.compact():
                done.wait(0.001)

        start(maintain)
        try:
            yield start
        finally:
            done.set()
        for future in running:
            future.result()


def test_a_search_sees_all_of_a_change_or_none(
    index: SegmentedIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    def search() -> None:
        found = index.search(vector(1), ROUNDS * A_ROUND)
        assert found.searched == len(found.person_ids) == A_ROUND * int(found.snapshot or 0)

    beside(search)
    beside(search)
    for snapshot in range(1, ROUNDS + 1):
        keys = range(A_ROUND * (snapshot - 1), A_ROUND * snapshot)
        put(index, snapshot, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, snapshot))


def test_a_removed_face_is_not_found_by_any_search_that_begins_afterwards(
    index: SegmentedIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    removed: list[int] = []

    def search() -> None:
        gone = list(removed)
        found = index.search(vector(1), ROUNDS * A_ROUND)
        assert not set(gone) & set(found.face_ids.tolist())

    beside(search)
    beside(search)
    for snapshot in range(1, ROUNDS + 1):
        keys = range(A_ROUND * (snapshot - 1), A_ROUND * snapshot)
        put(index, snapshot, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, snapshot))
        put(index, snapshot, removed=keys[::2])
        removed.extend(keys[::2])

    assert len(index) == ROUNDS * A_ROUND // 2


def test_a_face_that_is_replaced_again_and_again_is_always_found(
    index: SegmentedIndex, beside: Callable[[Callable[[], None]], None]
) -> None:
    put(index, 1, {key: key for key in range(GROWING_ROWS)})

    def search() -> None:
        assert index.search(vector(7), 1).face_ids[0] == 7

    beside(search)
    beside(search)
    for snapshot in range(2, 10 * ROUNDS):
        put(index, snapshot, {7: 7, 1000 + snapshot: 1})


def found(index: SegmentedIndex) -> set[int]:
    return set(index.search(vector(1), len(index)).face_ids.tolist())


def test_changes_made_while_segments_are_merged_are_kept(
    index: SegmentedIndex, interrupted: Interrupted, tmp_path: Path
) -> None:
    # Falling keys: segments keep faces in another order than they came in.
    put(index, 1, {key: key for key in range(GROWING_ROWS, 0, -1)})
    assert index.compact()
    put(index, 2, {key: key for key in range(2 * GROWING_ROWS, GROWING_ROWS, -1)})
    interrupted.meanwhile = lambda: put(index, 3, {5: 5, 999: 999}, removed=[2, GROWING_ROWS + 2])

    assert index.compact()

    assert found(index) == {*range(1, 2 * GROWING_ROWS + 1), 999} - {2, GROWING_ROWS + 2}
    interrupted.meanwhile = lambda: None
    index.save()
    assert len([*tmp_path.rglob("codes.npy")]) == 1


def test_a_face_removed_while_saving_is_not_there_after_a_restart(
    index: SegmentedIndex, interrupted: Interrupted, tmp_path: Path
) -> None:
    put(index, 1, {key: key for key in range(GROWING_ROWS, 0, -1)})
    assert index.compact()
    put(index, 2, removed=[3])
    interrupted.meanwhile = lambda: put(index, 3, removed=[5])

    index.save()

    again = IndexFolders(tmp_path, GROWING_ROWS).open(GALLERY)
    assert (again.snapshot, found(again)) == ("3", set(range(1, GROWING_ROWS + 1)) - {3, 5})
    assert again.search(vector(1), 1).searched == GROWING_ROWS - 2


def test_a_search_uses_the_thread_that_calls_it_and_no_other(index: SegmentedIndex) -> None:
    def threads() -> int:
        faiss.omp_set_num_threads(2)
        index.search(vector(1), 1)
        return faiss.omp_get_max_threads()

    put(index, 1, dict(zip(range(6000), range(6000), strict=True)), vectors(6000))
    assert index.compact()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(threads).result() == 1


@pytest.mark.usefixtures("beside")
def test_saving_beside_writes(index: SegmentedIndex, tmp_path: Path) -> None:
    def write() -> None:
        for snapshot in range(1, ROUNDS + 1):
            keys = range(A_ROUND * (snapshot - 1), A_ROUND * snapshot)
            put(index, snapshot, dict(zip(keys, keys, strict=True)), vectors(A_ROUND, snapshot))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            index.save()
        writing.result()
    index.save()

    again = IndexFolders(tmp_path, GROWING_ROWS).open(GALLERY)
    assert (again.snapshot, len(again)) == (str(ROUNDS), ROUNDS * A_ROUND)
    assert np.array_equal(again.search(vector(1), 5).person_ids, index.search(vector(1), 5).person_ids)
