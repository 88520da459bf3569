"""The gallery index on one size of gallery."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Event
from time import perf_counter, process_time

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.folders import IndexFolders
from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from application.ports.change_feed import NO_SNAPSHOT, Changes, FaceRows, GalleryKey, SnapshotToken
from tests.benchmarks import simulation
from tests.benchmarks.galleries import SimulatedGallery
from tests.benchmarks.growth.timing import Times, timed, timed_each
from tests.benchmarks.simulation import Probes

_INSERTING_S = 5.0
_INSERTED = 4096
"""Faces, one after the other, again and again."""

_NOTHING = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """What is measured of it."""

    search: Times
    cpu: Times
    """The same searches by the clock of all threads, which others' work disturbs less."""
    search_ten: Times
    """Of ten people."""
    recall: float
    """The part of the probes whose nearest face of all, by exact search, is on the shortlist."""
    recall_ten: float
    """The part of the ten nearest that is on the shortlist for ten."""
    identified: float
    identified_exactly: float
    shortlist: float
    """The mean number of people to be read from the database for one that was asked for."""
    build_s: float
    save_s: float
    saved_bytes_a_face: float
    open_s: float
    """In a new process, until the first search is answered; files are in the page cache."""
    resident_bytes_a_face: float
    """By which that process has grown after all probes were searched."""
    inserts_a_second: float
    """As many as can be, one by one, while another thread searches."""
    search_while_inserting: Times
    """While there are about 100 a second, which is more than two cores can recognise."""


@dataclass(frozen=True, slots=True)
class _Inserting:
    inserts_a_second: float
    search: Times


def measured(gallery: SimulatedGallery, probes: Probes, folder: Path) -> IndexFigures:
    """Fill an index with all faces, and search it for the probes."""
    name = GalleryKey("default", "simulated", gallery.dimensions)
    indexes = IndexFolders(folder)
    index = indexes.open(name, discard=True)
    build_s = _fill(index, gallery)
    timed_each(lambda probe: index.search(probe, 1), probes.vectors[:50])
    ones, search = timed_each(lambda probe: index.search(probe, 1), probes.vectors)
    _, cpu = timed_each(lambda probe: index.search(probe, 1), probes.vectors, process_time)
    tens, search_ten = timed_each(lambda probe: index.search(probe, 10), probes.vectors)
    answers = _answers(gallery, probes, [found.face_ids for found in ones])
    _, save_s = timed(index.save)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    # Its owner must be gone before another process may open what it saved.
    del indexes
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        open_s, grown = processes.submit(_reopened, folder, name, probes.vectors).result()
    steady = _inserting(index, gallery, probes, pause_s=0.01)
    fast = _inserting(index, gallery, probes, pause_s=0)
    return IndexFigures(
        search=search,
        cpu=cpu,
        search_ten=search_ten,
        recall=float(np.mean([a == e for a, e in zip(answers, probes.exact[:, 0], strict=True)])),
        recall_ten=float(
            np.mean([np.isin(e, found.face_ids).mean() for e, found in zip(probes.exact, tens, strict=True)])
        ),
        identified=float(np.mean(np.array(answers) == probes.mates)),
        identified_exactly=probes.identified,
        shortlist=float(np.mean([len(found.person_ids) for found in ones])),
        build_s=build_s,
        save_s=save_s,
        saved_bytes_a_face=size / len(gallery),
        open_s=open_s,
        resident_bytes_a_face=grown / len(gallery),
        inserts_a_second=fast.inserts_a_second,
        search_while_inserting=steady.search,
    )


def _fill(index: SegmentedIndex, gallery: SimulatedGallery) -> float:
    """The seconds it takes, but for making the faces."""
    seconds = 0.0
    for first, block in gallery.blocks():
        start = perf_counter()
        keys = np.arange(first, first + len(block))
        _apply(index, NO_SNAPSHOT, FaceRows(keys, keys, block))
        while index.compact():
            pass
        seconds += perf_counter() - start
    _apply(index, "0", FaceRows(_NOTHING, _NOTHING, np.zeros((0, gallery.dimensions), dtype=np.float32)))
    return seconds


def _apply(index: SegmentedIndex, snapshot: SnapshotToken, faces: FaceRows) -> None:
    index.apply(Changes(index.snapshot, snapshot, faces, _NOTHING))


def _answers(gallery: SimulatedGallery, probes: Probes, found: list[NDArray[np.int64]]) -> list[int]:
    """As the database would rank each shortlist."""
    faces = np.unique(np.concatenate(found))
    vectors = gallery.rows(faces)
    return [
        int(some[np.argmax(vectors[np.searchsorted(faces, some)] @ probe)])
        for probe, some in zip(probes.vectors, found, strict=True)
    ]


def _reopened(folder: Path, name: GalleryKey, probes: NDArray[np.float32]) -> tuple[float, int]:
    warm = GalleryKey("nothing", "nothing", name.dimensions)
    IndexFolders(folder).open(warm).search(probes[0], 1)
    before = _resident()

    def ready() -> SegmentedIndex:
        index = IndexFolders(folder).open(name)
        index.search(probes[0], 1)
        return index

    index, open_s = timed(ready)
    for probe in probes:
        index.search(probe, 1)
    return open_s, _resident() - before


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _inserting(
    index: SegmentedIndex, gallery: SimulatedGallery, probes: Probes, pause_s: float
) -> _Inserting:
    """Faces come one by one, in a thread of their own, with a pause after each, while searches go on."""
    done = Event()
    first = int(index.snapshot)
    more = simulation.faces(_INSERTED, gallery.dimensions, seed=3)

    def insert() -> None:
        while not done.wait(pause_s):
            number = int(index.snapshot)
            key = np.array([len(gallery) + number])
            row = more[number % _INSERTED][np.newaxis]
            _apply(index, str(number + 1), FaceRows(key, key, row))

    def maintain() -> None:
        while not done.wait(0.1):
            index.compact()

    seconds: list[float] = []
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(work) for work in (insert, maintain)]
        start = perf_counter()
        while perf_counter() - start < _INSERTING_S:
            before = perf_counter()
            index.search(probes.vectors[len(seconds) % len(probes.vectors)], 1)
            seconds.append(perf_counter() - before)
        done.set()
    for work in running:
        work.result()
    return _Inserting((int(index.snapshot) - first) / (perf_counter() - start), Times.of(seconds))
