"""How a person's several faces are weighed: one class a method, all pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from domain.faces import Embedding
from domain.identification import Candidate, RankedPerson


class IdentificationMethod(Protocol):
    """Ranks candidates for a probe."""

    name: ClassVar[str]

    def rank(self, probe: Embedding, people: Sequence[Candidate]) -> list[RankedPerson]:
        """All candidates, best first; equals by the id of their nearest face."""

    def comparisons(self, faces: int) -> float:
        """Number of single-face comparisons that a comparison with a person of `faces` faces is equivalent to.

        The factor by which impostors reach a similarity more often than with one face. Measured in docs/accuracy.md.
        """


@dataclass(frozen=True, slots=True)
class Nearest:
    """A person is as similar as their nearest face."""

    name: ClassVar[str] = "nearest"

    def rank(self, probe: Embedding, people: Sequence[Candidate]) -> list[RankedPerson]:
        """See IdentificationMethod."""
        return _sorted(
            _ranked(person, values, float(values.max())) for person, values in _compared(probe, people)
        )

    def comparisons(self, faces: int) -> float:
        """Each face may match."""
        return faces


@dataclass(frozen=True, slots=True)
class Mean:
    """A person is as similar as their faces are on average."""

    name: ClassVar[str] = "mean"

    def rank(self, probe: Embedding, people: Sequence[Candidate]) -> list[RankedPerson]:
        """See IdentificationMethod."""
        return _sorted(
            _ranked(person, values, float(values.mean())) for person, values in _compared(probe, people)
        )

    def comparisons(self, faces: int) -> float:
        """A mean is high less often than one similarity."""
        return min(faces, 1)


@dataclass(frozen=True, slots=True)
class Template:
    """A person is as similar as the mean of their embeddings, without those that don't fit the others.

    Faces whose mean similarity to the person's other faces is less than half of the median are left out: a
    wrong photo must not bend the template. That takes three faces to see.
    """

    name: ClassVar[str] = "template"

    def rank(self, probe: Embedding, people: Sequence[Candidate]) -> list[RankedPerson]:
        """See IdentificationMethod."""
        return _sorted(
            _ranked(person, values, float(_similarities(probe, _template(person.vectors))))
            for person, values in _compared(probe, people)
        )

    def comparisons(self, faces: int) -> float:
        """Between the nearest face and the mean: scaled to unit norm, a mean embedding has more extreme ones."""
        return math.sqrt(faces)


METHODS: Mapping[str, IdentificationMethod] = {
    method.name: method for method in (Nearest(), Mean(), Template())
}


def _compared(probe: Embedding, people: Sequence[Candidate]) -> list[tuple[Candidate, NDArray[np.float32]]]:
    """Each with the similarities of their faces to the probe."""
    return [(person, _similarities(probe, person.vectors)) for person in people]


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


def _ranked(person: Candidate, values: NDArray[np.float32], similarity: float) -> RankedPerson:
    nearest = int(values.argmax())
    return RankedPerson(
        person.profile_id, person.name, similarity, person.faces[nearest], float(values[nearest])
    )


def _sorted(people: Iterable[RankedPerson]) -> list[RankedPerson]:
    return sorted(people, key=lambda person: (-person.similarity, person.nearest.id))
