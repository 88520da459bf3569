"""The resident index of one gallery, on faiss."""

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from adapters.faiss.census import Census
from adapters.faiss.files import IndexFolder, Saved
from adapters.faiss.ranking import shortlist, together
from adapters.faiss.segment import Part, merged
from adapters.faiss.tail import Tail
from application.ports.index import NEVER, Changes, GalleryKey, Moment, Shortlist

_TAIL_BYTES = 8 << 20
"""Vectors that are compared as they are: 16,384 of 128 numbers take 0.3 ms."""

_MERGING = 8
"""A segment is at least so many times as large as what comes after it, so that there are few."""

_WASTE = 4
"""A segment of which one in so many is gone is made anew."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a search reads: one moment, whatever is written meanwhile."""

    moment: Moment
    searched: int
    parts: tuple[Part, ...]
    """The largest and oldest first, more or less."""
    tail: Tail

    def __len__(self) -> int:
        return sum(map(len, self.parts)) + len(self.tail)


class FaissGalleryIndex:
    """Segments of codes, made beside serving, and the latest faces as they are.

    Whatever a search reads is immutable, so that it needs no lock: a writer puts a new state in the place of
    the old. Of two locks, one is held while a state is replaced, for a moment, and the other throughout
    `maintain` and `save`.
    """

    def __init__(self, gallery: GalleryKey, folder: IndexFolder | None, tail_rows: int | None = None) -> None:
        """An empty one.

        Args:
            gallery: what it is to be of.
            folder: where it is saved; None if it isn't.
            tail_rows: the number of faces from which on codes are made; None for what is fast.
        """
        self._gallery = gallery
        self._folder = folder
        self._tail_rows = tail_rows or max(1, _TAIL_BYTES // (4 * gallery.dimensions))
        self._writing = threading.Lock()
        self._maintaining = threading.Lock()
        self._census = Census()
        self._state = _State(NEVER, 0, (), Tail.empty(gallery.dimensions))
        self._remains = False

    @property
    def gallery(self) -> GalleryKey:
        """See GalleryIndex."""
        return self._gallery

    @property
    def moment(self) -> Moment:
        """See GalleryIndex."""
        return self._state.moment

    def __len__(self) -> int:
        return len(self._state)

    def restore(self, saved: Saved) -> None:
        """Become what was saved; the index must be new."""
        with self._writing:
            tail = self._state.tail.extended(saved.tail)
            self._census.add(tail.rows().people)
            for part in saved.parts:
                self._census.add(part.segment.faces.people[part.alive])
            self._state = _State(saved.moment, len(self._census), saved.parts, tail)

    def apply(self, changes: Changes) -> bool:
        """See GalleryIndex."""
        gone = np.concatenate([changes.removed, changes.faces.keys])
        with self._writing:
            if self._state.moment != changes.since:
                return False
            parts = self._state.parts
            tail = self._state.tail
            if len(gone):
                left = [part.without(gone) for part in parts]
                parts = tuple(part for part, _ in left)
                tail, people = tail.without(gone)
                # First those who come: a person whose only face is put anew doesn't leave in between.
                self._census.add(changes.faces.people)
                lost = np.concatenate([people, *(people for _, people in left)])
                self._census.remove(lost)
                self._remains = self._remains or len(lost) > 0
                tail = tail.extended(changes.faces)
            self._state = _State(changes.moment, len(self._census), parts, tail)
            return True

    def search(self, probe: NDArray[np.float32], people: int) -> Shortlist:
        """See GalleryIndex."""
        state = self._state
        sources: tuple[Part | Tail, ...] = (*state.parts, state.tail)
        best = shortlist(together([source.nearest(probe, people) for source in sources]), people)
        return Shortlist(state.moment, state.searched, best.people, best.keys, best.similarities)

    def maintain(self) -> bool:
        """See GalleryIndex."""
        with self._maintaining:
            state = self._state
            if state.tail.count >= self._tail_rows:
                self._merge(_smallest(state.parts, len(state.tail)), state.tail)
                return True
            for part in state.parts:
                if part.dead * _WASTE >= len(part.segment):
                    self._merge((part,), None)
                    return True
            return False

    def has_remains(self) -> bool:
        """See GalleryIndex."""
        return self._remains

    def save(self) -> None:
        """See GalleryIndex."""
        with self._maintaining:
            self._remains = False
            try:
                self._forget()
                state = self._state
                if self._folder is not None and state.moment != NEVER:
                    self._folder.save(self._gallery, Saved(state.moment, state.parts, state.tail.rows()))
            except BaseException:
                self._remains = True
                raise

    def _forget(self) -> None:
        """Make anew what has faces that are gone."""
        for part in self._state.parts:
            if part.dead:
                self._merge((part,), None)
        with self._writing:
            now = self._state
            if now.tail.count > len(now.tail):
                tail = Tail.empty(self._gallery.dimensions).extended(now.tail.rows())
                self._state = replace(now, tail=tail)

    def _merge(self, parts: tuple[Part, ...], tail: Tail | None) -> None:
        """Put one new segment in the place of some parts and of the tail.

        It is built without the lock. Then whatever has been removed meanwhile is removed from it as well, and
        what has been added since becomes the new tail.
        """
        sources: tuple[Part | Tail, ...] = (*parts, tail) if tail is not None else parts
        coded, rows = zip(*(source.coded() for source in sources), strict=True)
        segment, order = merged(coded)
        with self._writing:
            now = self._state
            current = {part.segment.name: part for part in now.parts}
            alive = [current.pop(part.segment.name).alive for part in parts]
            if tail is not None:
                alive.append(now.tail.alive)
            there = np.concatenate([flags[of] for flags, of in zip(alive, rows, strict=True)])[order]
            made = Part(segment, there, int(np.count_nonzero(~there)))
            kept = (*current.values(), made) if len(made) else tuple(current.values())
            after = (
                Tail.empty(self._gallery.dimensions).extended(now.tail.rows(tail.count))
                if tail is not None
                else now.tail
            )
            self._state = replace(now, parts=kept, tail=after)


def _smallest(parts: tuple[Part, ...], more: int) -> tuple[Part, ...]:
    """Those to be merged with so many faces more, that the others are larger than the sum by enough."""
    chosen: list[Part] = []
    for part in sorted(parts, key=len):
        if len(part) >= _MERGING * more:
            break
        chosen.append(part)
        more += len(part)
    return tuple(chosen)
