"""Open-set identification (1:N): which enrolled person, if any, the probe shows.

After ISO/IEC 19795-1: a probe is compared with a gallery; a decision that names somebody who isn't there is a
false positive identification. Ranking is by person, never by face.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from domain import errors
from domain.faces import Embedding
from domain.people import Face, ProfileId

ESTIMATE_ERROR = 0.07
"""Distance to a threshold, in cosine similarity, within which an estimate of one view decides nothing, for a face
whose embedding has the usual norm. What moves the network's vector is about the same for all faces: the shorter it
is, the more it turns, so that the error is inversely proportional to the norm. This and what follows was measured in
docs/decisions/0011-thresholds-that-fit.md."""
CLOSE_ERROR = 0.035
"""The same of an estimate that has seen the face and its mirror image."""
COARSE_ERROR = 0.09
"""The same of an estimate of a face that was only detected coarsely. Its error is inversely proportional to the
square of the norm: what makes a face unclear misplaces its landmarks, too."""
CERTAIN_SPREAD = 0.018
"""DetectedFace.landmark_spread of coarse detections above which this error grows. A tenth of the faces of Labeled
Faces in the Wild have more, and about half of mugshots."""


def coarse_error(norm: float, landmark_spread: float) -> float:
    """The error of an estimate of a face that was only detected coarsely: the less certain the landmarks, the larger.

    Args:
        norm: of the embedding, by the model's usual one.
        landmark_spread: see DetectedFace.
    """
    return COARSE_ERROR * max(1.0, landmark_spread / CERTAIN_SPREAD) / norm**2


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
    """A person and their similarity to a probe."""

    profile_id: ProfileId
    name: str
    similarity: float
    """Score of the identification method, in [-1, 1]; the decision is based on it."""
    nearest: Face
    """Their face nearest to the probe."""
    nearest_similarity: float
    """Cosine similarity to that face."""


class Verdict(StrEnum):
    """Outcome of an identification."""

    MATCH = "match"
    UNKNOWN = "unknown"
    """Nobody is similar enough."""
    AMBIGUOUS = "ambiguous"
    """Several people are similar enough, and their scores are too close to choose one."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Outcome of an identification and what it is based on."""

    verdict: Verdict
    people: tuple[RankedPerson, ...]
    """Best first, including people below the threshold."""
    threshold: float
    """The lowest similarity of a match."""
    lowest_threshold: float
    """The least that the threshold of another person may be: it depends on the faces that are compared."""
    fmr: float | None
    """False match rate of one comparison at that threshold; None if unknown."""
    searched: int
    """The number of people that the probe was compared with."""

    def doubtful(self, margin: float, error: float) -> bool:
        """Whether an estimated probe's embedding might lead to another decision.

        Args:
            margin: as for `verdict`.
            error: by which similarities of the estimate may be wrong.
        """
        if not self.people:
            return False
        best = self.people[0].similarity
        if abs(best - self.threshold) < error:
            return True
        if len(self.people) == 1:
            return False
        # Of two people of whom neither is similar enough the other may come first, and have a lower threshold.
        matches = best >= self.threshold
        rival = max(self.threshold, best - margin) if matches else max(self.lowest_threshold, best)
        return self.people[1].similarity >= rival - error


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
        margin: smallest lead of the best person over a second one above the threshold; 0 disables the check.
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


def fmr_for_fpir(fpir: float, people: int) -> float:
    """The false match rate that one comparison may have, so that a search of N people errs at `fpir`.

    A non-mated probe is compared with N people, and each comparison may match: FPIR = 1 - (1 - FMR)^N.
    """
    return 1.0 if people < 1 else -math.expm1(math.log1p(-fpir) / people)


def fpir_for_fmr(fmr: float, people: int) -> float:
    """The false positive identification rate of a search of N people: the inverse of `fmr_for_fpir`."""
    return 1.0 if fmr >= 1 and people else -math.expm1(people * math.log1p(-min(fmr, 1 - 1e-12)))


class AmbiguousMatch(errors.Conflict):
    """Several people match the probe with scores too close to choose one."""

    code: ClassVar[str] = "ambiguous_match"

    def __init__(self, decision: Decision) -> None:
        super().__init__("Several people are similar to this face, too nearly equal to tell who it is.")
        self.decision = decision
