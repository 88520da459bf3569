"""Embeddings to enrol, and their enrolment."""

import numpy as np

from application.ports.faces import EmbeddingRepository, FaceFilter, NewFace
from application.ports.gallery import SearchResult
from domain.faces import Embedding
from domain.metadata import Metadata
from domain.people import DEFAULT_COLLECTION, MAX_ID, Face, FaceId, ProfileId
from tests.contract.storage import Storage

EVERYTHING = FaceFilter()
SMALL, LARGE = "small", "large"
NO_FACE, NOBODY = FaceId(MAX_ID), ProfileId(MAX_ID)
"""Ids that nothing has."""


def at(degrees: float, model: str = SMALL) -> Embedding:
    """A point on a circle: the similarity of two is the cosine of the angle between them."""
    angle = np.radians(degrees)
    return Embedding.of(np.array([np.cos(angle), np.sin(angle), 0.0]), model)


def random_embedding(seed: int, dimensions: int = 512, model: str = LARGE) -> Embedding:
    return Embedding.of(np.random.default_rng(seed).standard_normal(dimensions), model)


def new(name: str, embedding: Embedding, collection: str = DEFAULT_COLLECTION) -> NewFace:
    return NewFace(collection, name, embedding, "detector")


def photo_of(name: str, embedding: Embedding, photo: str, collection: str = DEFAULT_COLLECTION) -> NewFace:
    return NewFace(collection, name, embedding, "detector", photo.encode().ljust(32))


async def enrol(
    faces: EmbeddingRepository, *people: tuple[str, Embedding], collection: str = DEFAULT_COLLECTION
) -> list[Face]:
    return [(await faces.add(new(name, embedding, collection))).face for name, embedding in people]


def names(found: SearchResult) -> list[str]:
    return [candidate.name for candidate in found.candidates]


async def search(
    storage: Storage,
    probe: Embedding,
    people: int,
    metadata: Metadata | None = None,
    collection: str = DEFAULT_COLLECTION,
) -> SearchResult:
    """Search, in the default collection unless another is given."""
    return await storage.gallery.search(probe, collection, people, metadata)
