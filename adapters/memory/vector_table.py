"""The embeddings of one recognition model in one collection, as the rows of one matrix for exact search."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.people import Face, FaceId, ProfileId

_FIRST_CAPACITY = 64
_WIDENING = 4
"""Factor by which a search takes more rows when those it has are of too few people."""


class VectorTable:
    """Grows by doubling. Deleted faces leave empty rows, which are removed once they are the majority.

    A row's vector is written once and only zeroed when its face is deleted, so that a search can read a
    snapshot in another thread, without a lock, while faces are added and deleted.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._vectors = np.zeros((_FIRST_CAPACITY, dimensions), dtype=np.float32)
        self._owners: list[Owner | None] = []
        self._rows: dict[FaceId, int] = {}
        self._people: dict[ProfileId, set[FaceId]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def people(self) -> AbstractSet[ProfileId]:
        """The people who have faces in the table."""
        return self._people.keys()

    def faces_of(self, profile_id: ProfileId) -> list[FaceId]:
        """A person's faces by ascending id."""
        return sorted(self._people.get(profile_id, ()))

    def vectors(self, face_ids: list[FaceId]) -> NDArray[np.float32]:
        """A copy of the faces' vectors, one row each."""
        return self._vectors[[self._rows[face_id] for face_id in face_ids]]

    def add(self, face: Face, vector: NDArray[np.float32]) -> None:
        """Add a face whose vector has `dimensions` numbers."""
        row = len(self._owners)
        if row == len(self._vectors):
            self._vectors = np.concatenate([self._vectors, np.zeros_like(self._vectors)])
        self._vectors[row] = vector
        self._owners.append(Owner(face.profile_id, face.id))
        self._rows[face.id] = row
        self._people.setdefault(face.profile_id, set()).add(face.id)

    def reassign(self, face: Face, profile_id: ProfileId) -> None:
        """Assign a face of the table to another person."""
        self._remove_from_owner(face)
        self._owners[self._rows[face.id]] = Owner(profile_id, face.id)
        self._people.setdefault(profile_id, set()).add(face.id)

    def remove(self, face: Face) -> None:
        """Remove a face of the table."""
        self._remove_from_owner(face)
        row = self._rows.pop(face.id)
        self._owners[row] = None
        self._vectors[row] = 0.0
        if len(self._owners) > max(_FIRST_CAPACITY, 2 * len(self)):
            self._compact()

    def _remove_from_owner(self, face: Face) -> None:
        faces = self._people[face.profile_id]
        faces.remove(face.id)
        if not faces:
            del self._people[face.profile_id]

    def _compact(self) -> None:
        """Copy the rows into new arrays: a search may still be reading the old ones."""
        rows = list(self._rows.values())
        padding = np.zeros((max(_FIRST_CAPACITY, len(rows)), self.dimensions), dtype=np.float32)
        self._vectors = np.concatenate([self._vectors[rows], padding])
        self._owners = [self._owners[row] for row in rows]
        self._rows = {face_id: row for row, face_id in enumerate(self._rows)}

    def snapshot(self, people: AbstractSet[ProfileId] | None) -> "Snapshot":
        """The present faces of these people, or of all; a face that is deleted later is not found in it."""
        count = len(self._owners)
        if people is None:
            return Snapshot(self._vectors[:count], self._owners)
        owners = [owner if owner and owner.profile_id in people else None for owner in self._owners]
        return Snapshot(self._vectors[:count], owners)


@dataclass(frozen=True, slots=True)
class Owner:
    """The person and the face of a row."""

    profile_id: ProfileId
    face_id: FaceId


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a search reads."""

    vectors: NDArray[np.float32]
    owners: list[Owner | None]

    def nearest(self, probe: NDArray[np.float32], limit: int) -> list[ProfileId]:
        """The `limit` nearest people, each by their nearest face; equally near ones by that face's id."""
        # vecdot and not @: it sums each row alone, so that equal vectors have equal similarities
        # wherever they lie, as in PostgreSQL.
        similarities: NDArray[np.float32] = np.vecdot(self.vectors, probe)
        count, wanted = len(similarities), limit
        while True:
            rows = _best(similarities, wanted)
            people = list(dict.fromkeys(self._in_order(rows, similarities)))
            if len(people) >= limit or len(rows) == count:
                return people[:limit]
            wanted *= _WIDENING

    def _in_order(self, rows: list[int], similarities: NDArray[np.float32]) -> Iterator[ProfileId]:
        """The people of the rows, nearest first."""
        enrolled = [(-similarities[row], owner) for row in rows if (owner := self.owners[row])]
        enrolled.sort(key=lambda entry: (entry[0], entry[1].face_id))
        return (owner.profile_id for _, owner in enrolled)


def _best(similarities: NDArray[np.float32], wanted: int) -> list[int]:
    """The rows of the `wanted` greatest similarities, and of all that equal the last of them."""
    cut = len(similarities) - wanted
    if cut <= 0:
        return list(range(len(similarities)))
    least = np.partition(similarities, cut)[cut]
    return [int(row) for row in np.flatnonzero(similarities >= least)]
