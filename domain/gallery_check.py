"""What is wrong in a gallery: people who look like one person, and faces that don't fit their person."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.people import FaceId, ProfileId

LEAD = 1.5
"""By how many deviations (domain.impostors.normalised_score) a face must fit somebody else better than its own person
to be taken for the other's. Chosen on LFW with planted swaps, see docs/accuracy.md."""


@dataclass(frozen=True, slots=True)
class LikePeople:
    """Two people of a gallery who look like the same person."""

    one: ProfileId
    other: ProfileId
    """Greater than `one`."""
    face: FaceId
    """Of `one`: the nearest of theirs."""
    other_face: FaceId
    similarity: float
    """Of these two faces."""
    threshold: float
    """The similarity at which a search takes one for the other."""
    agreement: float
    """The share of the faces that match the other person, of the person with the lower share; 0..1. With less than
    half, it may be a wrong face of one of them that is alike, not the people."""
    lead: float
    """Deviations of the normalised score above that of the threshold."""

    @property
    def rank(self) -> tuple[bool, float]:
        """Sorts the surest last."""
        return self.agreement > 0.5, self.lead  # noqa: PLR2004 - the majority


@dataclass(frozen=True, slots=True)
class ResembledPerson:
    """Whom a face resembles instead."""

    person: ProfileId
    face: FaceId
    """The nearest of theirs."""
    similarity: float
    threshold: float
    """The least similarity of a match of the two faces."""


@dataclass(frozen=True, slots=True)
class MisfitFace:
    """A face that doesn't fit the other faces of its person."""

    face: FaceId
    person: ProfileId
    similarity: float
    """To the person's other faces: the median."""
    threshold: float
    """The least similarity of a match with the face of that similarity."""
    resembles: ResembledPerson | None
    """None: the face fits nobody better."""
    lead: float
    """How many deviations it fits somebody else better, or how many it is short of a match with its own person."""


@dataclass(frozen=True, slots=True)
class MisfitRule:
    """When a face is taken for somebody else's. All scores are normalised ones."""

    match: float
    """The score of a match."""
    unlike: float
    """A face that fits its own person less than this is doubted even if it fits nobody else."""

    def suspects(self, own: NDArray[np.float64], other: NDArray[np.float64]) -> list[tuple[int, float]]:
        """The faces of one person that don't fit, each with its lead.

        Where a face fits somebody else, the others are not doubted only because they don't fit that face; and
        where most of the faces are doubted, the most doubtful one is answered: nobody can tell which are right.

        Args:
            own: N, how well each of the person's faces fits the others.
            other: N, the highest score of each with a face of anybody else; -inf if there is none.
        """
        strangers = (other >= self.match) & (own < self.match) & (other - own >= LEAD)
        doubted = np.flatnonzero(strangers if strangers.any() else own < self.unlike)
        lead = np.where(strangers, other, self.match) - own
        found = sorted(((int(row), float(lead[row])) for row in doubted), key=lambda each: -each[1])
        return found[:1] if 2 * len(found) >= len(own) else found


def own_fit(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """How well each of a person's faces fits the others: the median score, the upper one of two.

    Of a person with one wrong face among several the right ones have a high median and the wrong one a low one.

    Args:
        scores: N x M with those of M faces of the person, -inf where a face meets itself; M is at least 2.

    Returns:
        N medians, and N columns where they are.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    others = np.isfinite(scores).sum(axis=1)
    columns = order[np.arange(len(scores)), np.maximum(others - 1, 0) // 2]
    return scores[np.arange(len(scores)), columns], columns
