"""Aligned crops that are kept, if the operator wants it: what embeddings under another model are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.faces import Crop
from domain.people import Face, FaceId


class CropCodec(Protocol):
    """Crops to bytes and back, without loss. Synchronous: call it in a worker."""

    def encode(self, crop: Crop) -> bytes:
        """An image file of the crop (S x S x 3 uint8 BGR)."""
        ...

    def decode(self, data: bytes) -> Crop:
        """The crop, S x S x 3 uint8 BGR, as it was given to `encode`.

        Raises:
            InvalidImage: it is no such file.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backlog:
    """The faces of a collection that a recognition model hasn't embedded."""

    pending: int
    """Photos with a stored crop, from which the model can make an embedding."""
    without_crop: int
    """Faces without one: their photos have to be enrolled again."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredCrop:
    """A crop, and the face that it is of."""

    face: Face
    digest: bytes
    """Of the photo; see NewFace."""
    image: bytes
    """See CropCodec.encode."""


class CropArchive(Protocol):
    """The crops that are there for a recognition model to embed.

    A face is done when its person has one of this model, of the same photo and detector. Each method raises
    Unavailable when the store does not answer.
    """

    async def backlog(self, collection: str, model: str) -> Backlog:
        """How much there is to do for a model."""
        ...

    async def pending(
        self, collection: str, model: str, limit: int, after: FaceId | None = None
    ) -> Sequence[StoredCrop]:
        """At most `limit` of the `kept` crops, one a photo, of faces with ids greater than `after`, by id."""
        ...
