"""Stored aligned crops (an option of the operator), from which embeddings of another model can be made."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from domain.faces import Crop
from domain.people import Face, FaceId


class CropCodec(Protocol):
    """Encodes crops as image files without loss. Synchronous: call it in a worker."""

    def encode(self, crop: Crop) -> bytes:
        """An image file of a crop (S x S x 3, uint8, BGR)."""
        ...

    def decode(self, data: bytes) -> Crop:
        """The crop that was given to `encode`.

        Raises:
            InvalidImage: the bytes are not such a file.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """What a recognition model hasn't embedded."""

    pending: int
    """Photos (or faces) with a stored crop, from which the model can make an embedding."""
    without_crop: int
    """Faces without one: their photos have to be enrolled again."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredCrop:
    """A crop and the face that it shows."""

    face: Face
    digest: bytes
    """SHA-256 of the photo."""
    image: bytes
    """An image file: the result of CropCodec.encode."""


class CropArchive(Protocol):
    """Crops that a recognition model has not embedded yet.

    A photo is done when its person has a face of this model from the same photo and detector. Every method
    raises Unavailable when the store does not answer; a collection that does not exist is empty.
    """

    async def models(self) -> AbstractSet[str]:
        """The recognition models of all enrolled faces."""
        ...

    async def left_behind(self, former: str, model: str) -> Backlog:
        """Faces of a former model whose people have no face of the model, in all collections."""
        ...

    async def backlog(self, collection: str, model: str) -> Backlog:
        """How much a model has left to do."""
        ...

    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> Sequence[StoredCrop]:
        """At most `limit` pending crops, one per photo, of faces with ids greater than `after`, by ascending id."""
        ...
