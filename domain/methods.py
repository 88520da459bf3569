"""How a person's several faces are weighed."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.faces import Embedding
from domain.identification import Candidate, RankedPerson


@dataclass(frozen=True, slots=True)
class IdentificationMethod:
    """Ranks candidates for a probe."""

    name: str
    similarity: Callable[[Embedding, Candidate, NDArray[np.float32]], float]
    """Of a person to the probe, given that of each of their faces."""
    comparisons: Callable[[int], float]
    """The number of single-face comparisons that one with a person of so many faces is equivalent to.

    The factor by which impostors reach a similarity more often than with one face. Measured in docs/accuracy.md.
    """

    def rank(self, probe: Embedding, people: Sequence[Candidate]) -> list[RankedPerson]:
        """All candidates, best first; equals by the id of their nearest face."""
        ranked = [self._ranked(probe, person, _similarities(probe, person.vectors)) for person in people]
        return sorted(ranked, key=lambda person: (-person.similarity, person.nearest.id))

    def _ranked(self, probe: Embedding, person: Candidate, faces: NDArray[np.float32]) -> RankedPerson:
        similarity = self.similarity(probe, person, faces)
        nearest = int(faces.argmax())
        return RankedPerson(
            person.profile_id, person.name, similarity, person.faces[nearest], float(faces[nearest])
        )


NEAREST = IdentificationMethod(
    name="nearest",
    similarity=lambda _probe, _person, faces: float(faces.max()),
    comparisons=float,  # each face may match
)
"""A person is as similar as their nearest face."""

MEAN = IdentificationMethod(
    name="mean",
    similarity=lambda _probe, _person, faces: float(faces.mean()),
    comparisons=lambda faces: min(faces, 1),  # a mean is high less often than one similarity
)
"""A person is as similar as their faces are on average."""

TEMPLATE = IdentificationMethod(
    name="template",
    similarity=lambda probe, person, _faces: float(_similarities(probe, _template(person.vectors))),
    # Between the nearest face and the mean: scaled to unit norm, a mean embedding has more extreme similarities.
    comparisons=math.sqrt,
)
"""A person is as similar as the mean of their embeddings, without those that don't fit the others.

Faces whose mean similarity to the person's other faces is less than half of the median are left out: a wrong photo
must not bend the template. That takes three faces to see.
"""

METHODS: Mapping[str, IdentificationMethod] = {method.name: method for method in (NEAREST, MEAN, TEMPLATE)}


def _similarities(probe: Embedding, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    # Of a few numbers np.clip takes five times as long.
    similarities: NDArray[np.float32] = np.minimum(np.maximum(vectors @ probe.vector, -1), 1)
    return similarities


def _template(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    count = len(vectors)
    if count >= 3:  # noqa: PLR2004
        to_others = ((vectors @ vectors.T).sum(axis=1) - 1) / (count - 1)
        middle = np.median(to_others)
        vectors = vectors[to_others >= min(middle, middle / 2)]  # at least half of them, though none be alike
    mean: NDArray[np.float32] = vectors.mean(axis=0)
    norm = np.linalg.norm(mean)
    # Opposite faces have no mean direction; any of them stands for the person then.
    template: NDArray[np.float32] = vectors[0] if norm == 0 else mean / norm
    return template
