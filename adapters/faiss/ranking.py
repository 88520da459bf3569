"""From faces to people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_DEPTH = 256
_DEPTH_A_PERSON = 200
_WIDENING = 4
_DISTINCT = 4
"""One in so many candidates must be another person."""
_KNOWN = 8
"""But no more than one in so many of all people."""
_FEW = 16
"""So many faces a wanted person are put in order at first."""
_MOST_SPARE = 256
"""People whom the shortlist may have above those asked for, when very many are equally near."""


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """N faces that may be near."""

    keys: NDArray[np.int64]
    people: NDArray[np.int64]
    similarities: NDArray[np.float32]
    errors: NDArray[np.float32]
    """How far each similarity may be off."""

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Hits":
        """Some of them."""
        return Hits(self.keys[rows], self.people[rows], self.similarities[rows], self.errors[rows])


def together(hits: Sequence[Hits]) -> Hits:
    """All of one or more."""
    hits = [some for some in hits if len(some)] or hits[:1]
    if len(hits) == 1:
        return hits[0]
    return Hits(
        np.concatenate([some.keys for some in hits]),
        np.concatenate([some.people for some in hits]),
        np.concatenate([some.similarities for some in hits]),
        np.concatenate([some.errors for some in hits]),
    )


def deep_enough(rows: int, known: int, people: int, fetch: Callable[[int], Hits], least: int = 0) -> Hits:
    """Faces among which are the nearest ones of the nearest people, though one person has very many.

    Args:
        rows: the number of faces.
        known: the number of people who had a face once.
        people: how many are wanted.
        fetch: finds about as many of the nearest faces as it is asked for, and all if asked for `rows`.
        least: it is asked for so many, because it is only about right.
    """
    depth = max(_LEAST_DEPTH, _DEPTH_A_PERSON * people, least)
    enough = max(people, min(depth // _DISTINCT, known // _KNOWN))
    while depth < rows:
        hits = fetch(depth)
        if _distinct(hits.people) >= enough:
            return hits
        depth *= _WIDENING
    return fetch(rows)


def greatest(similarities: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """The places of the `count` greatest, in no order."""
    if count >= len(similarities):
        return np.arange(len(similarities))
    return np.argpartition(similarities, -count)[-count:]


def shortlist(hits: Hits, people: int) -> Hits:
    """One a person, nearest first: the `people` nearest, and who may be as near as the last of them."""
    rows = np.flatnonzero(hits.similarities + hits.errors >= _certain(hits, people))
    rows = rows[np.argsort(-hits.similarities[rows])]
    nearest: dict[int, int] = {}
    for row, person in zip(rows.tolist(), hits.people[rows].tolist(), strict=True):
        nearest.setdefault(person, row)
    return hits.take(np.array([*nearest.values()][: people + _MOST_SPARE], dtype=np.int64))


def _certain(hits: Hits, people: int) -> float:
    """So near, at least, is the last of the `people` nearest people; the first few hits mostly tell."""
    count = _FEW * people
    while True:
        rows = greatest(hits.similarities, count)
        rows = rows[np.argsort(-hits.similarities[rows])]
        seen: set[int] = set()
        for row, person in zip(rows.tolist(), hits.people[rows].tolist(), strict=True):
            seen.add(person)
            if len(seen) == people:
                return float(hits.similarities[row] - hits.errors[row])
        if len(rows) == len(hits):
            return -np.inf
        count *= _WIDENING


def _distinct(numbers: NDArray[np.int64]) -> int:
    """How many different ones; np.unique takes longer."""
    ordered = np.sort(numbers)
    return len(ordered[:1]) + int(np.count_nonzero(ordered[1:] != ordered[:-1]))
