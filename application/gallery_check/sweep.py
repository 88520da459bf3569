"""Compares some of a gallery's faces with all of them, a tile at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.gallery_check.scores import FaceScores, ScoredFaces
from application.ports.enrolled_vectors import FaceTable

TILE_ROWS = 512
"""Faces that are compared with a page at a time: with a page of 16,384 faces that takes 40 MB and some 0.05 s."""
MOST_HITS = 20_000
"""Pairs of a tile that are scored, the most similar ones: a gallery may have one face many times over."""


@dataclass(frozen=True, slots=True, eq=False)
class FacePairs:
    """N pairs of faces of different people."""

    people: NDArray[np.int64]
    """N x 2."""
    faces: NDArray[np.int64]
    """N x 2."""
    scores: NDArray[np.float64]
    """N, normalised."""

    @classmethod
    def none(cls) -> "FacePairs":
        """No pair."""
        nothing = np.zeros((0, 2), dtype=np.int64)
        return cls(nothing, nothing, np.zeros(0))

    def with_others(self, others: "FacePairs", most: int) -> "FacePairs":
        """The best pair of faces of each pair of people, and the best `most` of these."""
        people = np.concatenate([self.people, others.people])
        faces = np.concatenate([self.faces, others.faces])
        scores = np.concatenate([self.scores, others.scores])
        order = np.lexsort((faces[:, 1], faces[:, 0], -scores))
        people, faces, scores = people[order], faces[order], scores[order]
        first = np.sort(np.unique(people, axis=0, return_index=True)[1])[:most]
        return FacePairs(people[first], faces[first], scores[first])


class Sweep:
    """The best matches of some faces, the probes, among everybody else. Tiles are taken one after another."""

    def __init__(
        self, scores: FaceScores, probes: ScoredFaces, pair_score: float, least_similarity: float, most: int
    ) -> None:
        """Nothing is compared yet.

        The best `most` pairs of people are remembered whose normalised score is at least `pair_score`. Faces that are
        less similar than `least_similarity` are not looked at.
        """
        self._scores, self.probes = scores, probes
        self._pair_score, self._least, self._most = pair_score, least_similarity, most
        self.pairs = FacePairs.none()
        """Each with the person of the smaller id first: one that is a probe's."""
        self.best = np.full(len(probes), -np.inf)
        """Of each probe, the highest score with a face of another person."""
        self.person = np.zeros(len(probes), dtype=np.int64)
        """Whose that face is."""

    def tiles(self) -> list[slice]:
        """The rows of probes that one call of `take` compares."""
        return [slice(row, row + TILE_ROWS) for row in range(0, len(self.probes), TILE_ROWS)]

    def take(self, rows: slice, page: FaceTable) -> None:
        """Compare some probes with a page of the gallery."""
        probes = self.probes.table
        similar = probes.vectors[rows] @ page.vectors.T
        hits = np.flatnonzero(similar >= self._least)
        row, column = np.divmod(hits, len(page))
        hits = hits[probes.person_ids[rows][row] != page.person_ids[column]]
        if len(hits) > MOST_HITS:
            hits = hits[np.argpartition(similar.ravel()[hits], -MOST_HITS)[-MOST_HITS:]]
        if not len(hits):
            return
        row, column = np.divmod(hits, len(page))
        columns, place = np.unique(column, return_inverse=True)
        others = self._scores.of(page.take(columns)).take(place)
        row += rows.start
        scores = self._scores.pairs(self.probes.take(row), others, similar.ravel()[hits])
        self._note_best(row, others.table.person_ids, scores)
        self._note_pairs(row, others.table, scores)

    def _note_best(
        self, row: NDArray[np.intp], person: NDArray[np.int64], scores: NDArray[np.float64]
    ) -> None:
        order = np.argsort(-scores, kind="stable")
        rows, first = np.unique(row[order], return_index=True)
        best = order[first]
        better = scores[best] > self.best[rows]
        self.best[rows[better]] = scores[best][better]
        self.person[rows[better]] = person[best][better]

    def _note_pairs(self, row: NDArray[np.intp], others: FaceTable, scores: NDArray[np.float64]) -> None:
        probes = self.probes.table
        wanted = (scores >= self._pair_score) & (probes.person_ids[row] < others.person_ids)
        if wanted.any():
            row = row[wanted]
            found = FacePairs(
                np.column_stack([probes.person_ids[row], others.person_ids[wanted]]),
                np.column_stack([probes.face_ids[row], others.face_ids[wanted]]),
                scores[wanted],
            )
            self.pairs = self.pairs.with_others(found, self._most)
