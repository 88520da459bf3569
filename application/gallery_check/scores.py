"""Normalised scores of many faces at once, as DecisionPolicy has them of two."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.decisions import CalibrationMode
from application.ports.enrolled_vectors import FaceTable
from domain.calibration import CalibrationTable
from domain.impostors import (
    USUAL_NORM,
    Cohort,
    ImpostorDistribution,
    ImpostorMoments,
    norm_penalty,
    normalised_score,
)


@dataclass(frozen=True, slots=True, eq=False)
class ScoredFaces:
    """N faces, and what their scores are normalised by."""

    table: FaceTable
    moments: ImpostorMoments
    """N."""
    norms: NDArray[np.float64]
    """N, relative to what is usual for the model."""

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: NDArray[np.intp] | slice) -> "ScoredFaces":
        """Some of the faces."""
        return ScoredFaces(self.table.take(rows), self.moments.take(rows), self.norms[rows])


@dataclass(frozen=True, slots=True, eq=False)
class FaceScores:
    """Scores the faces of one gallery."""

    table: CalibrationTable
    cohort: Cohort
    mode: CalibrationMode

    def of(self, faces: FaceTable) -> ScoredFaces:
        """Faces that are to be scored."""
        prior = self.table.prior
        if self.mode is CalibrationMode.TABLE:
            same = ImpostorMoments(np.full(len(faces), prior.mean), np.full(len(faces), prior.deviation))
            return ScoredFaces(faces, same, np.full(len(faces), USUAL_NORM))
        usual = self.table.usual_norm
        # Without a norm there is no penalty.
        norms = np.full(len(faces), USUAL_NORM) if usual is None else faces.norms / usual
        moments = ImpostorMoments.of(faces.vectors, self.cohort, prior)
        return ScoredFaces(faces, moments, np.nan_to_num(norms, nan=USUAL_NORM))

    def pairs(
        self, one: ScoredFaces, other: ScoredFaces, similarities: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """N scores of N pairs of faces; a match has at least `CalibrationTable.score_at` of the accepted rate."""
        scores = normalised_score(similarities.astype(np.float64), one.moments, other.moments)
        return np.asarray(scores - norm_penalty(one.norms, other.norms))

    def all_pairs(self, one: ScoredFaces, other: ScoredFaces) -> NDArray[np.float64]:
        """N x M scores of N faces with M others."""
        similarities = (one.table.vectors @ other.table.vectors.T).astype(np.float64)
        scores = normalised_score(similarities, one.moments.column, other.moments)
        return np.asarray(scores - norm_penalty(one.norms[:, None], other.norms))

    def similarity(self, one: ScoredFaces, row: int, other: ScoredFaces, column: int) -> float:
        """Cosine of two faces."""
        return float(np.clip(one.table.vectors[row] @ other.table.vectors[column], -1, 1))

    def threshold(self, fmr: float, one: ScoredFaces, row: int, other: ScoredFaces, column: int) -> float:
        """The least similarity of a match of two faces."""
        impostors = [
            ImpostorDistribution(float(faces.moments.mean[place]), float(faces.moments.deviation[place]))
            for faces, place in ((one, row), (other, column))
        ]
        penalty = float(norm_penalty(float(one.norms[row]), float(other.norms[column])))
        return float(self.table.threshold_between(fmr, impostors[0], impostors[1], penalty))
