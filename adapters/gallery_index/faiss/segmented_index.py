"""The faces of one gallery, in segments as a log-structured merge tree has them."""

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.faiss.files import IndexFolder, SavedIndex
from adapters.gallery_index.faiss.growing_segment import GrowingSegment
from adapters.gallery_index.faiss.person_counter import PersonCounter
from adapters.gallery_index.faiss.ranking import concatenated, nearest_faces
from adapters.gallery_index.faiss.sealed_segment import SealedSegment, merged
from adapters.gallery_index.index import Shortlist
from application.ports.change_feed import NO_SNAPSHOT, Changes, FaceRows, GalleryKey, SnapshotToken

_GROWING_BYTES = 8 << 20
"""Maximum size of the vectors of the growing segment: 16,384 of 128 dimensions are compared in 0.3 ms."""

_MERGE_FACTOR = 8
"""A segment is at least so many times as large as the next smaller one, so that there are few."""

_REBUILD_SHARE = 4
"""A segment is rebuilt when one in so many of its faces was removed."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a search reads, whatever is written meanwhile."""

    snapshot: SnapshotToken
    people: int
    """The number of people who have a face."""
    sealed: tuple[SealedSegment, ...]
    growing: GrowingSegment


class SegmentedIndex:
    """Sealed segments, which are built in the background, and the growing one with the latest faces.

    All methods may be called by several threads at once, and searches wait for nobody: what they read is
    immutable, and a writer replaces the whole state. One lock is held for the moment of a replacement, the other
    throughout `compact` and `save`.
    """

    def __init__(
        self, gallery: GalleryKey, folder: IndexFolder | None, growing_rows: int | None = None
    ) -> None:
        """An empty one.

        Args:
            gallery: whose faces it has.
            folder: where it is saved; None if it isn't.
            growing_rows: the number of faces at which the growing segment is sealed; None for a fast one.
        """
        self.gallery = gallery
        self._folder = folder
        self._growing_rows = growing_rows or max(1, _GROWING_BYTES // (4 * gallery.dimensions))
        self._writing = threading.Lock()
        self._maintaining = threading.Lock()
        self._people = PersonCounter()
        ids = np.zeros(0, dtype=np.int64)
        empty = FaceRows(ids, ids, np.zeros((0, gallery.dimensions), dtype=np.float32))
        self._state = _State(NO_SNAPSHOT, 0, (), GrowingSegment.of(empty))
        self._has_removed_faces = False

    @property
    def snapshot(self) -> SnapshotToken:
        """The state of the database that it equals; NO_SNAPSHOT until it is filled."""
        return self._state.snapshot

    @property
    def has_removed_faces(self) -> bool:
        """Whether memory or disk still has something of faces that were removed."""
        return self._has_removed_faces

    def __len__(self) -> int:
        state = self._state
        return sum(map(len, state.sealed)) + len(state.growing)

    def restore(self, saved: SavedIndex) -> None:
        """Become what was saved; the index must be new."""
        with self._writing:
            self._people.add(saved.growing.person_ids)
            for segment in saved.sealed:
                self._people.add(segment.faces.person_ids[segment.alive])
            growing = GrowingSegment.of(saved.growing)
            self._state = _State(saved.snapshot, len(self._people), saved.sealed, growing)

    def apply(self, changes: Changes) -> bool:
        """Whether the index was at `changes.since`, and has all of the changes now; see GalleryIndex."""
        stale = np.concatenate([changes.removed, changes.faces.face_ids])
        with self._writing:
            if self._state.snapshot != changes.since:
                return False
            sealed, growing = self._state.sealed, self._state.growing
            if len(stale):
                left = [segment.without(stale) for segment in sealed]
                sealed = tuple(segment for segment, _ in left)
                growing, people = growing.without(stale)
                # Added first, so that a person whose only face is replaced doesn't leave in between.
                self._people.add(changes.faces.person_ids)
                lost = np.concatenate([people, *(people for _, people in left)])
                self._people.remove(lost)
                self._has_removed_faces = self._has_removed_faces or len(lost) > 0
                growing = growing.extended(changes.faces)
            self._state = _State(changes.until, len(self._people), sealed, growing)
            return True

    def search(self, probe: NDArray[np.float32], people: int) -> Shortlist:
        """The nearest people, and who may be as near; see GalleryIndex."""
        state = self._state
        segments: tuple[SealedSegment | GrowingSegment, ...] = (*state.sealed, state.growing)
        hits = concatenated([segment.nearest(probe, people) for segment in segments])
        best = nearest_faces(hits, people)
        return Shortlist(state.snapshot, state.people, best.person_ids, best.face_ids, best.similarities)

    def compact(self) -> bool:
        """Seal the growing segment or rebuild another, if that is due; False if not.

        Takes seconds of one core for a million faces.
        """
        with self._maintaining:
            state = self._state
            if state.growing.count >= self._growing_rows:
                self._merge(_to_merge(state.sealed, len(state.growing)), state.growing)
                return True
            for segment in state.sealed:
                if segment.removed * _REBUILD_SHARE >= len(segment.alive):
                    self._merge((segment,), None)
                    return True
            return False

    def save(self) -> None:
        """Erase removed faces, and save the rest, unless the index isn't filled yet.

        Raises:
            OSError: it can't be saved; what was saved before is deleted or still usable.
        """
        with self._maintaining:
            self._has_removed_faces = False
            try:
                self._erase_removed()
                state = self._state
                if self._folder is not None and state.snapshot != NO_SNAPSHOT:
                    saved = SavedIndex(state.snapshot, state.sealed, state.growing.rows())
                    self._folder.save(self.gallery, saved)
            except BaseException:
                self._has_removed_faces = True
                raise

    def _erase_removed(self) -> None:
        for segment in self._state.sealed:
            if segment.removed:
                self._merge((segment,), None)
        with self._writing:
            now = self._state
            if now.growing.count > len(now.growing):
                self._state = replace(now, growing=GrowingSegment.of(now.growing.rows()))

    def _merge(self, sealed: tuple[SealedSegment, ...], growing: GrowingSegment | None) -> None:
        """Replace some sealed segments, and the growing one, by one sealed segment.

        It is built without the lock. Then it loses the faces that were removed meanwhile, and those that were
        added meanwhile become the new growing segment.
        """
        sources: tuple[SealedSegment | GrowingSegment, ...] = sealed
        if growing is not None:
            sources = (*sealed, growing)
        rows = [np.flatnonzero(source.alive) for source in sources]
        faces = [source.quantized(some) for source, some in zip(sources, rows, strict=True)]
        made, order = merged(faces)
        with self._writing:
            now = self._state
            others = {segment.name: segment for segment in now.sealed}
            alive = [others.pop(segment.name).alive for segment in sealed]
            after = now.growing
            if growing is not None:
                alive.append(now.growing.alive)
                after = GrowingSegment.of(now.growing.rows(growing.count))
            still = np.concatenate([flags[of] for flags, of in zip(alive, rows, strict=True)])
            made = made.with_alive(still[order])
            kept = (*others.values(), made) if len(made) else tuple(others.values())
            self._state = replace(now, sealed=kept, growing=after)


def _to_merge(sealed: tuple[SealedSegment, ...], faces: int) -> tuple[SealedSegment, ...]:
    """The segments to merge with so many faces, for all others to be larger than the sum by the factor."""
    chosen: list[SealedSegment] = []
    for segment in sorted(sealed, key=len):
        if len(segment) >= _MERGE_FACTOR * faces:
            break
        chosen.append(segment)
        faces += len(segment)
    return tuple(chosen)
