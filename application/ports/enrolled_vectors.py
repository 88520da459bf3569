"""The vectors of everybody enrolled in a gallery, read in bulk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from numpy import float32, float64, int64, intp
from numpy.typing import NDArray

from application.ports.change_feed import GalleryKey
from domain.people import FaceId, Profile, ProfileId


class Place(NamedTuple):
    """A place in the order of a gallery's faces: by person, then by face."""

    person: ProfileId
    face: FaceId


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """N enrolled faces, by ascending person and face."""

    face_ids: NDArray[int64]
    person_ids: NDArray[int64]
    vectors: NDArray[float32]
    """N x D, unit norm."""
    norms: NDArray[float64]
    """N, see Embedding.norm; NaN where it isn't known."""

    def __len__(self) -> int:
        return len(self.face_ids)

    def take(self, rows: NDArray[intp] | slice) -> "FaceTable":
        """Some of the faces."""
        return FaceTable(self.face_ids[rows], self.person_ids[rows], self.vectors[rows], self.norms[rows])

    @property
    def last(self) -> Place:
        """The place of the last face; there must be one."""
        return Place(ProfileId(int(self.person_ids[-1])), FaceId(int(self.face_ids[-1])))


class EnrolledVectors(Protocol):
    """Reads galleries. All methods may be called concurrently, and raise Unavailable when the store does not answer.

    Faces of another length than `gallery.dimensions` are left out.
    """

    async def count(self, gallery: GalleryKey) -> int:
        """The number of faces; 0 without such a collection."""

    async def page(self, gallery: GalleryKey, limit: int, after: Place | None = None) -> FaceTable:
        """At most `limit` faces that come after a place, in the order of FaceTable."""

    async def of_people(self, gallery: GalleryKey, people: Sequence[ProfileId], most: int) -> FaceTable:
        """The first `most` faces of each of these people."""

    async def profiles(self, collection: str, people: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        """Those of these people who are in the collection."""
