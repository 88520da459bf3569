"""Identification (1:N) in figures: mated and non-mated probes against a gallery of one photo a person."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.metrics.rates import Scores, Share, threshold_at

ROWS = 1024
"""Probes that are searched at a time, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Identification:
    """How well people were found."""

    gallery: int
    """People enrolled: everyone with two photos or more, by the first."""
    non_mated: int
    """Probes of people who are not enrolled: everyone with a single photo."""
    rank1: Share
    """Closed set: enrolled people whose second photo is nearest to their first."""
    fpir: float
    """The false positive identification rate that the threshold is for."""
    threshold: float | None
    """The least similarity that keeps to it; None without non-mated probes."""
    tpir: Share | None
    """Open set: as rank1, and at least that similar."""


def identify(
    vectors: NDArray[np.float32], people: NDArray[np.intp], fpir: float = 0.01
) -> Identification | None:
    """Search for everyone's second photo, and for people with a single one, among first photos.

    Args:
        vectors: N x D, unit norm; a row of NaN is a face that was not found, and is never matched.
        people: N, which person each photo shows; the photos of a person are in order.
        fpir: the target.

    Returns:
        None when nobody has two photos.
    """
    order = np.argsort(people, kind="stable")
    _, starts, counts = np.unique(people[order], return_index=True, return_counts=True)
    first, several = order[starts], counts > 1
    gallery = vectors[first[several]]
    if not len(gallery):
        return None
    rank1_rows, scores = nearest(vectors[order[starts[several] + 1]], gallery)
    found = (rank1_rows == np.arange(len(gallery))) & (scores > -1)
    rank1 = Share.of(int(found.sum()), len(found))
    _, impostors = nearest(vectors[first[~several]], gallery)
    if not len(impostors):
        return Identification(len(gallery), 0, rank1, fpir, None, None)
    threshold = threshold_at(impostors, fpir)
    tpir = Share.of(int((found & (scores >= threshold)).sum()), len(found))
    return Identification(len(gallery), len(impostors), rank1, fpir, threshold, tpir)


def nearest(probes: NDArray[np.float32], gallery: NDArray[np.float32]) -> tuple[NDArray[np.intp], Scores]:
    """The nearest entry of the gallery for each probe, and its similarity; -1 where a face was not found."""
    found = np.zeros(len(probes), dtype=np.intp)
    scores = np.zeros(len(probes))
    for start in range(0, len(probes), ROWS):
        block = slice(start, start + ROWS)
        similarities = np.nan_to_num(probes[block] @ gallery.T, nan=-1.0)
        found[block] = similarities.argmax(axis=1)
        scores[block] = similarities.max(axis=1)
    return found, scores
