"""Accuracy on the pairs of a protocol, as results on Labeled Faces in the Wild are stated."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.pairs import PairProtocol
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.identification import Identification, identify
from application.evaluation.metrics.impostor_scores import ImpostorScores, compare_everyone
from application.evaluation.metrics.rates import (
    FoldAccuracy,
    Roc,
    Scores,
    Share,
    fold_accuracy,
    roc,
    tar_at,
    threshold_at,
)
from application.photo_folders import find_photos
from domain.models import ModelChoice

RATES = (1e-2, 1e-3, 1e-4)
"""False match rates that a result is stated at."""


@dataclass(frozen=True, slots=True)
class OperatingResult:
    """Verification at one false match rate."""

    fmr: float
    threshold: float
    """The least at which no greater share of the protocol's impostor pairs matches."""
    tar: Share
    all_pairs_threshold: float
    """The same for all pairs of different people in the photos: far more of them, so more precise."""
    all_pairs_tar: Share
    """Of the protocol's genuine pairs, at that threshold."""
    confusable_fmr: float
    """At that threshold, for the most confusable tenth of people against everybody; see ImpostorScores."""
    lookalike_fmr: float
    """At that threshold, for this tenth among themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class PairAccuracy:
    """All figures of one run."""

    models: ModelChoice
    photos: int
    people: int
    undetected: tuple[str, ...]
    """The names of photos without a face, in which nobody is recognised."""
    undetected_in_pairs: int
    genuine_pairs: int
    impostor_pairs: int
    all_impostor_pairs: int
    accuracy: FoldAccuracy
    curve: Roc
    results: tuple[OperatingResult, ...]
    identification: Identification | None


def check_protocol(protocol: PairProtocol, sources: Sequence[Path]) -> PairProtocol:
    """The pairs, if the photos of a folder have them: find out before the work that one is missing.

    Raises:
        EvaluationError: a photo is missing, or there are several sets.
    """
    if len(sources) > 1:
        raise EvaluationError("a file of pairs is of one set")
    if sources[0].is_dir():
        sides_of(protocol, [photo.name for photo in find_photos(sources[0])])
    return protocol


def measure_pairs(photos: EvaluationSet, protocol: PairProtocol, models: ModelChoice) -> PairAccuracy:
    """The figures that follow from embeddings.

    Raises:
        EvaluationError: a photo of a pair is not in the set.
    """
    sides = sides_of(protocol, photos.photos)
    left, right = (photos.vectors[side].astype(np.float64) for side in sides)
    scores: Scores = np.sum(left * right, axis=1)
    genuine, impostor = scores[protocol.genuine], scores[~protocol.genuine]
    everyone = compare_everyone(photos.vectors, photos.people)
    missing = np.flatnonzero(~photos.found).tolist()
    return PairAccuracy(
        models=models,
        photos=len(photos.photos),
        people=len(np.unique(photos.people)),
        undetected=photos.undetected,
        undetected_in_pairs=len({*sides[0], *sides[1]}.intersection(missing)),
        genuine_pairs=len(genuine),
        impostor_pairs=len(impostor),
        all_impostor_pairs=everyone.everyone.pairs,
        accuracy=fold_accuracy(scores, protocol.genuine, protocol.folds),
        curve=roc(genuine, impostor),
        results=tuple(_at(fmr, genuine, impostor, everyone) for fmr in RATES),
        identification=identify(photos.vectors, photos.people),
    )


def _at(fmr: float, genuine: Scores, impostor: Scores, everyone: ImpostorScores) -> OperatingResult:
    threshold, precise = threshold_at(impostor, fmr), everyone.everyone.threshold(fmr)
    return OperatingResult(
        fmr=fmr,
        threshold=threshold,
        tar=tar_at(genuine, threshold),
        all_pairs_threshold=precise,
        all_pairs_tar=tar_at(genuine, precise),
        confusable_fmr=everyone.confusable.fmr(precise),
        lookalike_fmr=everyone.lookalike.fmr(precise),
    )


def sides_of(protocol: PairProtocol, photos: Sequence[str]) -> tuple[list[int], list[int]]:
    """The two photos of each pair, by index.

    Raises:
        EvaluationError: one is missing.
    """
    index = {(PurePath(photo).parent.name, PurePath(photo).stem): row for row, photo in enumerate(photos)}
    for photo in protocol.photos:
        if (photo.person, str(photo)) not in index:
            raise EvaluationError(
                f"the pairs file names {photo.person}/{photo}, which is not among the images"
            )
    return (
        [index[pair.left.person, str(pair.left)] for pair in protocol.pairs],
        [index[pair.right.person, str(pair.right)] for pair in protocol.pairs],
    )
