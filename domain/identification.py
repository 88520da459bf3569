"""Open-set identification (1:N): who of the enrolled people, if anybody, is this?

After ISO/IEC 19795-1: a probe is compared with a gallery; a decision that names somebody who isn't there is a
false positive identification. Ranking is by person, never by face.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from domain import errors
from domain.faces import Embedding
from domain.people import Face, ProfileId


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A person of the gallery and their enrolled faces of one model."""

    profile_id: ProfileId
    name: str
    faces: tuple[Face, ...]
    vectors: NDArray[np.float32]
    """One row a face, in their order: N x D, unit norm."""
    norms: tuple[float | None, ...]
    """N, see Embedding.norm."""


@dataclass(frozen=True, slots=True)
class RankedPerson:
    """A person and how well they fit a probe."""

    profile_id: ProfileId
    name: str
    similarity: float
    """What the method makes of the person's faces, in [-1, 1]: the decision is taken on it."""
    nearest: Face
    """Their face nearest to the probe."""
    nearest_similarity: float
    """Cosine similarity to that face."""


class Verdict(StrEnum):
    """What is decided about a probe."""

    MATCH = "match"
    UNKNOWN = "unknown"
    """Nobody is similar enough."""
    AMBIGUOUS = "ambiguous"
    """Two people or more are similar enough, and too near to each other to tell."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided, and on which grounds."""

    verdict: Verdict
    people: tuple[RankedPerson, ...]
    """Best first; more than those who are similar enough."""
    threshold: float
    """The least similarity of a match."""
    fmr: float | None
    """The false match rate of one comparison at that threshold; None when it isn't known."""
    searched: int
    """The number of people that the probe was compared with."""


def nearest_embedding(person: RankedPerson, candidates: Sequence[Candidate]) -> Embedding:
    """The embedding of a ranked person's nearest face; `candidates` has the person."""
    candidate = next(each for each in candidates if each.profile_id == person.profile_id)
    place = candidate.faces.index(person.nearest)
    return Embedding(candidate.vectors[place], person.nearest.recognition_model, candidate.norms[place])


def verdict(people: Sequence[RankedPerson], threshold: float, margin: float) -> Verdict:
    """Decide on people who are ranked best first.

    Args:
        people: at least the best two, if there are two.
        threshold: the least similarity of a match.
        margin: a second person this near to the first makes it ambiguous, if similar enough; 0 never.
    """
    if not people or people[0].similarity < threshold:
        return Verdict.UNKNOWN
    if (
        len(people) > 1
        and people[1].similarity >= max(threshold, people[0].similarity - margin)
        and margin > 0
    ):
        return Verdict.AMBIGUOUS
    return Verdict.MATCH


def identification_fmr(fpir: float, people: int) -> float:
    """The false match rate that one comparison may have, so that a search of N people errs at `fpir`.

    A stranger is compared with N people, and each comparison may match: FPIR = 1 - (1 - FMR)^N.
    """
    return 1.0 if people < 1 else -float(np.expm1(np.log1p(-fpir) / people))


def fpir_of(fmr: float, people: int) -> float:
    """How often a search of N people errs if each comparison does at `fmr`: the inverse of `identification_fmr`."""
    return 1.0 if fmr >= 1 and people else -float(np.expm1(people * np.log1p(-min(fmr, 1 - 1e-12))))


class AmbiguousMatch(errors.Conflict):
    """Two people or more fit the probe too equally to name one."""

    code: ClassVar[str] = "ambiguous_match"

    def __init__(self, decision: Decision) -> None:
        super().__init__("Several people are similar to this face, too nearly equal to tell who it is.")
        self.decision = decision
