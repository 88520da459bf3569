"""Embeddings to enrol, and their enrolment."""

from collections.abc import Sequence

import numpy as np

from application.ports.repository import EmbeddingRepository, FaceFilter
from domain.faces import Embedding
from domain.people import Face, Match

EVERYTHING = FaceFilter()
SMALL, LARGE = "small", "large"


def at(degrees: float, model: str = SMALL) -> Embedding:
    """A point on a circle: the similarity of two is the cosine of the angle between them."""
    angle = np.radians(degrees)
    return Embedding.of(np.array([np.cos(angle), np.sin(angle), 0.0]), model)


def random_embedding(seed: int, dimensions: int = 512, model: str = LARGE) -> Embedding:
    return Embedding.of(np.random.default_rng(seed).standard_normal(dimensions), model)


async def enrol(repository: EmbeddingRepository, *people: tuple[str, Embedding]) -> list[Face]:
    return [await repository.add(name, embedding, "detector") for name, embedding in people]


def names(matches: Sequence[Match]) -> list[str]:
    return [match.face.name for match in matches]
