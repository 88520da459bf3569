"""The exact number of people with a face in an index."""

import numpy as np
from numpy.typing import NDArray


class PersonCounter:
    """Counts each person's faces in 12 bytes, where a dict would need 100. Not thread-safe."""

    def __init__(self, max_recent: int = 4096) -> None:
        """New people are collected in a dict, and sorted in when it has more than so many, or 1/64 of all."""
        self._max_recent = max_recent
        self._person_ids = np.zeros(0, dtype=np.int64)
        """Ascending."""
        self._faces = np.zeros(0, dtype=np.int32)
        """The number of faces of each."""
        self._recent: dict[int, int] = {}
        """The number of faces of people who aren't among `_person_ids` yet."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, person_ids: NDArray[np.int64]) -> None:
        """One entry a face."""
        self._change(person_ids, 1)

    def remove(self, person_ids: NDArray[np.int64]) -> None:
        """One entry a face, each of which was added."""
        self._change(person_ids, -1)

    def _change(self, person_ids: NDArray[np.int64], sign: int) -> None:
        changed, counts = np.unique(person_ids, return_counts=True)
        faces = counts.astype(np.int32) * np.int32(sign)
        places = np.searchsorted(self._person_ids, changed)
        known = places < len(self._person_ids)
        known[known] = self._person_ids[places[known]] == changed[known]
        rows = places[known]
        before = self._faces[rows]
        self._faces[rows] += faces[known]
        self._count += int(np.count_nonzero(self._faces[rows])) - int(np.count_nonzero(before))
        for person, more in zip(changed[~known].tolist(), faces[~known].tolist(), strict=True):
            number = self._recent.get(person, 0)
            self._recent[person] = number + more
            self._count += (number + more > 0) - (number > 0)
        if len(self._recent) > max(self._max_recent, len(self._person_ids) // 64):
            self._sort_in()

    def _sort_in(self) -> None:
        person_ids = np.concatenate([self._person_ids, np.fromiter(self._recent, np.int64)])
        faces = np.concatenate([self._faces, np.fromiter(self._recent.values(), np.int32)])
        present = np.flatnonzero(faces)
        order = present[np.argsort(person_ids[present])]
        self._person_ids, self._faces, self._recent = person_ids[order], faces[order], {}
