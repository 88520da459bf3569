"""The use case: does refusing bad photos make recognition better, and does it refuse good ones?

Error-versus-discard curves, by measure (Grother and Tabassi, "Performance of Biometric Quality Measures", 2007;
ISO/IEC 29794-1), and what the bounds refuse of photos in which the right person would have been found.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.evaluation_set import LoadSets, set_name
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.impostor_scores import compare_everyone
from application.evaluation.metrics.photo_pairs import genuine_pairs
from application.evaluation.metrics.rates import Share
from application.evaluation.quality.quality_set import QualitySet, assess_photos
from application.photo_folders import find_photos
from domain.models import ModelChoice
from domain.quality import Measure, QualityBounds, QualityReport, goodness

FMR = 1e-3
"""Of the error-versus-discard curves."""
SEARCH_FMR = 1e-4
"""The right person counts as found at the threshold for this rate."""
DISCARDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of the photos."""
COMBINED = "combined"


@dataclass(frozen=True, slots=True)
class Refusals:
    """What bounds refuse."""

    photos: Share
    found: Share
    """Of the photos in which the right person is found: the cost."""
    not_found: Share
    """Of the others that have a mate: the use."""
    by_measure: tuple[tuple[Measure, float], ...]
    """Share of the photos in which the right person is found that miss this bound, perhaps among others."""
    fnmr: Share
    """Of pairs of photos that are both accepted."""


@dataclass(frozen=True, slots=True)
class SetQuality:
    """The figures of one set."""

    name: str
    photos: int
    undetected: int
    genuine_pairs: int
    threshold: float
    """Cosine similarity at which FMR is met, on all pairs of different people of the set, and all photos."""
    search_threshold: float
    """The same for SEARCH_FMR."""
    found: Share
    """Of the photos that have a mate: the nearest other photo is of the same person and reaches that threshold."""
    curves: Mapping[str, tuple[Share, ...]]
    """By Measure, or COMBINED: the FNMR when the worst photos are left out, for each of DISCARDS."""
    recognition: Refusals
    enrolment: Refusals


@dataclass(frozen=True, slots=True)
class QualityEvaluation:
    """All figures of one run."""

    models: ModelChoice
    sets: tuple[SetQuality, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateQuality:
    """Measures what quality measures and bounds are worth, on sets of photos of known people."""

    loading: LoadSets
    recognition: QualityBounds
    enrolment: QualityBounds

    def execute(
        self,
        sources: Sequence[Path],
        progress: Progress,
        without_views: Collection[str] = (),
    ) -> QualityEvaluation:
        """Embed and assess every photo once, and compare all photos of a set with each other.

        Of files of vectors the embedding norm is all that is known; `without_views` are left out of them, see
        QualitySet.of_vectors.

        Raises:
            EvaluationError: no person of a set has two photos, or a file doesn't have what is needed.
            CommandError: a folder has no photos.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        embedding, models = self.loading.embedding, self.loading.models
        # Find out what is missing before the work on photos.
        embedding.analyser.models.detector(models.detection)
        embedding.analyser.models.embedder(models.recognition)
        folders = {each: find_photos(each) for each in sources if each.is_dir()}
        read = self.loading.execute([each for each in sources if each not in folders], progress)
        kept = [QualitySet.of_vectors(each, without_views) for each in read]
        assessed = [
            assess_photos(embedding, set_name(folder), photos, progress) for folder, photos in folders.items()
        ]
        return QualityEvaluation(models, tuple(self._evaluated(each) for each in [*assessed, *kept]))

    def _evaluated(self, photos: QualitySet) -> SetQuality:
        pairs = genuine_pairs(photos.people)
        if not len(pairs) or len(np.unique(photos.people)) < 2:  # noqa: PLR2004
            raise EvaluationError("a quality evaluation needs two people, and two photos of one of them")
        impostors = compare_everyone(photos.vectors, photos.people).everyone
        threshold, search_threshold = impostors.threshold(FMR), impostors.threshold(SEARCH_FMR)
        missed = np.sum(photos.vectors[pairs[:, 0]] * photos.vectors[pairs[:, 1]], axis=1) < threshold
        mated = np.isin(np.arange(len(photos.people)), pairs)
        found = mated & right_first(photos.vectors, photos.people, search_threshold)
        return SetQuality(
            name=photos.name,
            photos=len(photos.people) + photos.undetected,
            undetected=photos.undetected,
            genuine_pairs=len(pairs),
            threshold=threshold,
            search_threshold=search_threshold,
            found=Share.of(int(found.sum()), int(mated.sum())),
            curves={
                name: discard_curve(values, pairs, missed)
                for name, values in goodness_of(photos.reports).items()
            },
            recognition=refusals(photos.reports, self.recognition, pairs, missed, found),
            enrolment=refusals(photos.reports, self.enrolment, pairs, missed, found),
        )


def right_first(
    vectors: NDArray[np.float32], people: NDArray[np.intp], threshold: float
) -> NDArray[np.bool_]:
    """N, whether the most similar other photo is of the same person, and at least as similar as the threshold."""
    found = np.zeros(len(vectors), dtype=bool)
    for row, vector in enumerate(vectors):
        similarities = vectors @ vector
        similarities[row] = -np.inf
        nearest = int(similarities.argmax())
        found[row] = people[nearest] == people[row] and similarities[nearest] >= threshold
    return found


def goodness_of(reports: Sequence[QualityReport]) -> dict[str, NDArray[np.float64]]:
    """By measure and combined, one a report: more is better. Without measures that some report lacks."""
    measures = [measure for measure in Measure if all(measure in report.values for report in reports)]
    columns = {
        str(measure): np.array([goodness(measure, report.values[measure]) for report in reports])
        for measure in measures
    }
    return columns | {COMBINED: np.array([report.score for report in reports])}


def discard_curve(
    goodness: NDArray[np.float64], pairs: NDArray[np.intp], missed: NDArray[np.bool_]
) -> tuple[Share, ...]:
    """The false non-match rate without the worst photos, for each of DISCARDS; equals go in random order.

    Args:
        goodness: one a photo.
        pairs: P x 2 indices of photos.
        missed: P, which pairs don't match.
    """
    tie_break = np.random.default_rng(0).random(len(goodness))
    order = np.lexsort((tie_break, goodness))
    shares = []
    for discard in DISCARDS:
        kept = np.ones(len(goodness), dtype=bool)
        kept[order[: round(discard * len(goodness))]] = False
        shares.append(_fnmr(kept, pairs, missed))
    return tuple(shares)


def refusals(
    reports: Sequence[QualityReport],
    bounds: QualityBounds,
    pairs: NDArray[np.intp],
    missed: NDArray[np.bool_],
    found: NDArray[np.bool_],
) -> Refusals:
    """What bounds refuse of N photos.

    Args:
        reports: N.
        bounds: what is asked of them.
        pairs: P x 2 indices of photos of the same person.
        missed: P, which of them don't match.
        found: N, in which photos the right person is found.
    """
    reasons = [{reason.measure for reason in report.reasons(bounds)} for report in reports]
    refused = np.array([bool(measures) for measures in reasons])
    lost = np.isin(np.arange(len(reports)), pairs) & ~found
    return Refusals(
        Share.of(int(refused.sum()), len(refused)),
        _share(refused, found),
        _share(refused, lost),
        tuple(
            (measure, _share(np.array([measure in measures for measures in reasons]), found).value)
            for measure in bounds.limits
        ),
        _fnmr(~refused, pairs, missed),
    )


def _share(which: NDArray[np.bool_], of: NDArray[np.bool_]) -> Share:
    return Share.of(int((which & of).sum()), max(1, int(of.sum())))


def _fnmr(kept: NDArray[np.bool_], pairs: NDArray[np.intp], missed: NDArray[np.bool_]) -> Share:
    chosen = kept[pairs].all(axis=1)
    return Share.of(int(missed[chosen].sum()), max(1, int(chosen.sum())))
