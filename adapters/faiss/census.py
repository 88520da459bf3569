"""How many people there are."""

import numpy as np
from numpy.typing import NDArray


class Census:
    """Counts each person's faces in 12 bytes, where a dict would need 100. One thread at a time."""

    def __init__(self, apart: int = 4096) -> None:
        """So many people are counted apart before they are sorted in, and one in 64 of all."""
        self._apart = apart
        self._people = np.zeros(0, dtype=np.int64)
        """In order."""
        self._faces = np.zeros(0, dtype=np.int32)
        """Of each, with those `_lately`."""
        self._lately: dict[int, int] = {}
        """Faces of people who aren't among `_people`."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, people: NDArray[np.int64]) -> None:
        """One entry a face."""
        self._change(people, 1)

    def remove(self, people: NDArray[np.int64]) -> None:
        """One entry a face, each of which was added."""
        self._change(people, -1)

    def _change(self, people: NDArray[np.int64], sign: int) -> None:
        changed, counts = np.unique(people, return_counts=True)
        faces = counts.astype(np.int32) * np.int32(sign)
        places = np.searchsorted(self._people, changed)
        known = places < len(self._people)
        known[known] = self._people[places[known]] == changed[known]
        rows = places[known]
        before = self._faces[rows]
        self._faces[rows] += faces[known]
        self._count += int(np.count_nonzero(self._faces[rows])) - int(np.count_nonzero(before))
        for person, more in zip(changed[~known].tolist(), faces[~known].tolist(), strict=True):
            number = self._lately.get(person, 0)
            self._lately[person] = number + more
            self._count += (number + more > 0) - (number > 0)
        if len(self._lately) > max(self._apart, len(self._people) // 64):
            self._sort_in()

    def _sort_in(self) -> None:
        people = np.concatenate([self._people, np.fromiter(self._lately, np.int64)])
        faces = np.concatenate([self._faces, np.fromiter(self._lately.values(), np.int32)])
        there = np.flatnonzero(faces)
        order = there[np.argsort(people[there])]
        self._people, self._faces, self._lately = people[order], faces[order], {}
