"""All pairs of photos of different people, in bounded memory.

Every pair of *people* weighs the same, however many photos they have: a person with twenty photos would
otherwise count four hundred times.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.photo_pairs import row_blocks

BINS = 20_000
"""Of the histogram over similarities from -1 to 1: thresholds come in steps of 1e-4."""

OWN_RATE = 0.01
"""The false match rate of their own at which people are ranked by how easily they are taken for others."""


@dataclass(frozen=True, slots=True, eq=False)
class ScoreHistogram:
    """The distribution of scores."""

    weights: NDArray[np.float64]
    """BINS, from -1 to 1; the last bin holds 1 itself."""
    pairs: int
    """Pairs of photos that were compared."""

    def fmr(self, threshold: float) -> float:
        """The share of pairs whose similarity is at least `threshold`, which is rounded down to 1e-4."""
        shares = self._shares()
        return float(shares[_bins(np.array([threshold], dtype=np.float64))[0]])

    def threshold(self, fmr: float) -> float:
        """The least threshold at which the share of pairs is at most `fmr`."""
        at = int(np.argmax(np.append(self._shares(), 0) <= fmr))
        return round(at * 2 / BINS - 1, 4)

    def mean_excess(self, low: float, high: float) -> float:
        """The scale of an exponential distribution fitted to the scores above `low`.

        Maximum likelihood with scores above `high` censored there: photos under a wrong name make pairs that
        are no impostors at all, and a few of them would weigh on a mean.
        """
        shares = self._shares()
        start, end = _bins(np.array([low, high], dtype=np.float64))
        return float(shares[start + 1 : end + 1].sum() * 2 / BINS / (shares[start] - shares[end]))

    def _shares(self) -> NDArray[np.float64]:
        """For each bin the share of pairs in it or above."""
        shares: NDArray[np.float64] = np.cumsum(self.weights[::-1])[::-1]
        shares /= max(shares[0], np.finfo(np.float64).tiny)
        return shares


@dataclass(frozen=True, slots=True, eq=False)
class ImpostorScores:
    """The scores of people against other people."""

    people: int
    photos: int
    everyone: ScoreHistogram
    confusable: ScoreHistogram
    """Pairs with one or two of the most confusable tenth of people.

    A person is the more confusable, the higher the similarity that one in a hundred of their own comparisons
    with others reaches (in the words of Doddington et al., 1998: lambs and wolves, who are the same when the
    score is symmetric). The ranking does not depend on the threshold that is judged: nobody is called
    confusable for the very false matches that are then ascribed to them.
    """
    lookalike: ScoreHistogram
    """Pairs of two people of this tenth."""
    pairs_of_people: int
    """The rates that can be measured depend on it."""


def mixed(histograms: Sequence[ScoreHistogram], weights: Sequence[float]) -> ScoreHistogram:
    """The distribution of scores when each of several makes up a given part of all, in any unit."""
    shares = [
        each.weights / each.weights.sum() * weight for each, weight in zip(histograms, weights, strict=True)
    ]
    return ScoreHistogram(np.sum(shares, axis=0), sum(each.pairs for each in histograms))


def pool(histograms: Sequence[ScoreHistogram]) -> ScoreHistogram:
    """Several sets together, at least one; people of different sets are not compared."""
    weights: NDArray[np.float64] = np.sum([each.weights for each in histograms], axis=0)
    return ScoreHistogram(weights, sum(each.pairs for each in histograms))


def compare_everyone(vectors: NDArray[np.float32], people: NDArray[np.intp]) -> ImpostorScores:
    """Compare all photos of different people.

    Args:
        vectors: N x D, unit norm; rows of NaN, faces that were not found, are left out.
        people: N, which person each photo shows; at least two of them.
    """
    found = ~np.isnan(vectors).any(axis=1)
    vectors = vectors[found]
    names, people = np.unique(people[found], return_inverse=True)
    rank = np.argsort(-_own_thresholds(vectors, people), kind="stable")
    tenth = np.isin(people, rank[: -(-len(names) // 10)])
    weight = 1 / np.bincount(people)[people]
    weights, pairs = np.zeros((3, BINS)), [0, 0, 0]
    for rows in row_blocks(len(vectors)):
        # Columns from the block's first row on, and of those only what lies right of the diagonal.
        columns = slice(rows.start, None)
        scores = vectors[rows] @ vectors[columns].T
        keep = np.triu(people[rows, None] != people[columns], k=1)
        weighed = weight[rows, None] * weight[columns]
        one, both = tenth[rows, None] | tenth[columns], tenth[rows, None] & tenth[columns]
        for number, mask in enumerate((keep, keep & one, keep & both)):
            weights[number] += np.bincount(_bins(scores[mask]), weighed[mask], minlength=BINS)
            pairs[number] += int(mask.sum())
    count = len(names)
    everyone, confusable, lookalike = map(ScoreHistogram, weights, pairs)
    return ImpostorScores(count, len(vectors), everyone, confusable, lookalike, count * (count - 1) // 2)


def _own_thresholds(vectors: NDArray[np.float32], people: NDArray[np.intp]) -> NDArray[np.float64]:
    """For each person the similarity that OWN_RATE of their comparisons reaches, mean over their photos."""
    own = np.zeros(len(vectors))
    for rows in row_blocks(len(vectors)):
        scores = np.where(people[rows, None] == people, -1, vectors[rows] @ vectors.T)
        rank = max(1, round(OWN_RATE * len(vectors)))
        own[rows] = np.partition(scores, -rank, axis=1)[:, -rank]
    means: NDArray[np.float64] = np.bincount(people, own) / np.bincount(people)
    return means


def _bins(scores: NDArray[np.floating]) -> NDArray[np.intp]:
    # In double precision and with a nudge: a threshold that is a multiple of 1e-4 belongs to its own bin.
    positions = (scores.astype(np.float64) + 1) * (BINS / 2) + 1e-6
    return np.clip(positions, 0, BINS - 1).astype(np.intp)
