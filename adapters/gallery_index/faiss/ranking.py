"""From the nearest faces to the nearest people."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_MIN_DEPTH = 256
_DEPTH_PER_PERSON = 200
_WIDENING = 4
_FACES_PER_PERSON = 4
"""A search is deep enough when its hits have no more faces a person than this on average,"""
_PEOPLE_SHARE = 8
"""or are of one person in so many of all."""
_SORTED_PER_PERSON = 16
"""Hits that are sorted at first, for each person wanted."""
_MAX_SURPLUS = 256
"""Maximum number of people on a shortlist above those asked for, when very many are equally near."""


class Hits(NamedTuple):
    """N faces that may be near a probe."""

    face_ids: NDArray[np.int64]
    person_ids: NDArray[np.int64]
    similarities: NDArray[np.float32]
    errors: NDArray[np.float32]
    """The maximum error of each similarity."""

    def take(self, rows: NDArray[np.int64]) -> "Hits":
        """Some rows."""
        return Hits._make(column[rows] for column in self)


def concatenated(hits: Sequence[Hits]) -> Hits:
    """All of one or more."""
    hits = [some for some in hits if some.face_ids.size] or hits[:1]
    return hits[0] if len(hits) == 1 else Hits._make(map(np.concatenate, zip(*hits, strict=True)))


def search_deep_enough(
    rows: int, all_people: int, people: int, fetch: Callable[[int], Hits], min_depth: int = 0
) -> Hits:
    """Hits that include the nearest faces of the nearest people, even if one person has very many faces.

    Args:
        rows: the number of faces.
        all_people: the number of people among them.
        people: how many are wanted.
        fetch: finds approximately so many of the nearest faces, and all if asked for `rows`.
        min_depth: how many to ask it for at least, as it is approximate.
    """
    depth = max(_MIN_DEPTH, _DEPTH_PER_PERSON * people, min_depth)
    enough = max(people, min(depth // _FACES_PER_PERSON, all_people // _PEOPLE_SHARE))
    while depth < rows:
        hits = fetch(depth)
        if _count_distinct(hits.person_ids) >= enough:
            return hits
        depth *= _WIDENING
    return fetch(rows)


def top(similarities: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The places of the `count` greatest, unsorted."""
    if count >= len(similarities):
        return np.arange(len(similarities))
    return np.argpartition(similarities, -count)[-count:]


def nearest_faces(hits: Hits, people: int) -> Hits:
    """The nearest face of each of the `people` nearest people and of those who may be as near, nearest first."""
    rows = np.flatnonzero(hits.similarities + hits.errors >= _lower_bound(hits, people))
    rows = rows[np.argsort(-hits.similarities[rows])]
    nearest: dict[int, int] = {}
    for row, person in zip(rows.tolist(), hits.person_ids[rows].tolist(), strict=True):
        nearest.setdefault(person, row)
    return hits.take(np.array([*nearest.values()][: people + _MAX_SURPLUS], dtype=np.int64))


def _lower_bound(hits: Hits, people: int) -> float:
    """Of the similarity of the last of the `people` nearest people; mostly the first few hits are enough."""
    count = _SORTED_PER_PERSON * people
    while True:
        rows = top(hits.similarities, count)
        rows = rows[np.argsort(-hits.similarities[rows])]
        distinct: set[int] = set()
        for row, person in zip(rows.tolist(), hits.person_ids[rows].tolist(), strict=True):
            distinct.add(person)
            if len(distinct) == people:
                return float(hits.similarities[row] - hits.errors[row])
        if len(rows) == len(hits.face_ids):
            return -np.inf
        count *= _WIDENING


def _count_distinct(numbers: NDArray[np.int64]) -> int:
    """Faster than np.unique."""
    ordered = np.sort(numbers)
    return len(ordered[:1]) + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
